"""Batch jobs: their rows, states and inputs."""
