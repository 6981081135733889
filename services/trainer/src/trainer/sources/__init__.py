"""From whatever a shop has to one table of orders: sources, how they are read, what is odd in them."""
