"""Log-ins, in the memory of this process: a random cookie stands for an API key that never leaves the server again."""

import secrets
import time
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from common.database.tables import ApiKey
from console.access.visitor import LOCAL, Visitor

COOKIE = "console_session"

FindKey = Callable[[str], ApiKey | None]
"""Looks a key's text up in the database; None if it is not valid (any more)."""


class Sessions:
    """Opens a session for a valid key, finds it by its cookie, ends it when it expires or its key is revoked."""

    def __init__(self, find_key: FindKey, hours: float, required: bool) -> None:
        self._find_key = find_key
        self._seconds = hours * 3600
        self.required = required
        self._open: dict[str, Visitor] = {}

    def log_in(self, key: str) -> str | None:
        """The cookie of a new session; None if the key is not valid. The database's errors."""
        found = self._find_key(key)
        if found is None:
            return None
        cookie = secrets.token_urlsafe(32)
        until = time.time() + self._seconds
        self._open[cookie] = Visitor(found.name, frozenset(found.scopes), SecretStr(key), until)
        return cookie

    def log_out(self, cookie: str | None) -> None:
        """End a session; harmless if there is none."""
        self._open.pop(cookie or "", None)

    def visitor(self, cookies: Mapping[str, str]) -> Visitor | None:
        """Who sent these cookies; None if a log-in is needed first."""
        if not self.required:
            return LOCAL
        found = self._open.get(cookies.get(COOKIE, ""))
        return found if found and found.until > time.time() else None

    def holds(self, visitor: Visitor) -> bool:
        """Whether the visitor's session is still open; a page that was left open asks before it acts."""
        return visitor is LOCAL or (visitor.until > time.time() and visitor in self._open.values())

    def refresh(self) -> None:
        """End sessions that are over, and those of keys that were revoked since."""
        for cookie, visitor in list(self._open.items()):
            over = visitor.until <= time.time()
            if over or (visitor.key and self._find_key(visitor.key.get_secret_value()) is None):
                self.log_out(cookie)
