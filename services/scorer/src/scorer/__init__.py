"""Scores files of the object store."""
