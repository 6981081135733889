"""Batch jobs: their rows, states, inputs and outputs."""
