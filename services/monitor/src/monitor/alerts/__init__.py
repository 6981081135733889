"""What is looked at, and what follows from it."""
