"""Old months of the log, out of Postgres and into the object store."""
