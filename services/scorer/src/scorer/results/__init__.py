"""What a job writes, and how it appears."""
