"""The delivery pace, kept up to date."""
