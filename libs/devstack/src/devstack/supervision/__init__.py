"""Keeping processes up, and saying how they are."""
