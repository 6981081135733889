"""The prediction log into Postgres."""
