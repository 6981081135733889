"""The history that models learn from, in the object store: published, brought up to date, read."""
