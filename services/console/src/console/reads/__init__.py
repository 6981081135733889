"""What pages show, read from the database and the registry."""
