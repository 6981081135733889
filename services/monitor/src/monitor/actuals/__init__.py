"""What shops report in files."""
