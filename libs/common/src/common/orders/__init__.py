"""What an order is: its fields, where they stand, and the places they name."""
