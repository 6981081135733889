"""The shop's own promise as an input."""
