"""Training on demand: the worker, its lease, the flow."""
