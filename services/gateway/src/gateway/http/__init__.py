"""What surrounds every request: bodies, proxies, errors, observation."""
