"""The whole system, end to end: one package, so that the system goes down after its last test."""
