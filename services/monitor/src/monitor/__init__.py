"""Watches data, predictions and their quality, and raises alerts."""
