"""Prepares orders; searches, judges and registers models."""
