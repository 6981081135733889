"""Parquet files: read within memory, scored."""
