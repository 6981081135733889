"""The console's fixtures, for this folder alone."""

from support.console_fixtures import chromium, console, console_env

__all__ = ["chromium", "console", "console_env"]
