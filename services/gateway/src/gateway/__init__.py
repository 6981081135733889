"""HTTP in front of the model and of the batch jobs."""
