"""Spans of time, measured."""
