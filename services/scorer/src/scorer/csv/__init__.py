"""CSV files: cut, read, scored."""
