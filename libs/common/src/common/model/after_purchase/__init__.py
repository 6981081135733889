"""What is forecast of an order of which more is known than at its purchase: its hand-over, or that it is under way."""
