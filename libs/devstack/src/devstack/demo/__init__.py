"""`make demo`: the whole system once."""
