"""What further models learn from: the orders of which more is known, as the first one learns from all."""
