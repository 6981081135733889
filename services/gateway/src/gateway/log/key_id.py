"""Whose request it is, for whatever is logged of it."""

from contextvars import ContextVar

KEY_ID: ContextVar[str] = ContextVar("key_id", default="")
"""The id of the API key that the present request came with; empty where no key is asked for."""
