"""What every Celery worker does besides its tasks: it shows that it lives, counts, and stops in time."""
