"""What surrounds every request: keys, limits, errors, observation."""
