"""Training on demand: claimed, carried out, recorded."""
