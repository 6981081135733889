"""What people do from the command line."""
