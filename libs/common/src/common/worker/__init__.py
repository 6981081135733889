"""What every Celery worker does besides its tasks."""
