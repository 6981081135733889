"""Predictions on their way to the monitor."""
