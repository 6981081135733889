"""The system in a browser: what it does now, what it answers, its files, alerts and models."""
