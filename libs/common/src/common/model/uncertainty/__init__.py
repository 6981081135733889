"""How sure an answer is: the distribution of its days, and what speaks against it."""
