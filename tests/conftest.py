"""Fixtures that every test may use."""

pytest_plugins = ["stack_fixtures", "model_fixtures", "gateway_fixtures"]
