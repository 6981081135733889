"""A fitted model, and the bundle it is written to."""
