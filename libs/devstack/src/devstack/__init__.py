"""Starts and supervises the whole system on one machine, without Docker."""
