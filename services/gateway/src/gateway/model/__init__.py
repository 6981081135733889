"""The model in service and the one beside it."""
