"""What jobs are scored with."""
