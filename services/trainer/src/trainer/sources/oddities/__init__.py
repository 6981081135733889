"""What is odd in a table of orders, each finding with its number."""
