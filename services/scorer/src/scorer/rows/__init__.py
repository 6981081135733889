"""Rows, whatever file they come from."""
