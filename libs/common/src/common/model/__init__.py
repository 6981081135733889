"""From orders to days: what every service computes in the same way."""
