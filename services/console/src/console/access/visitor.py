"""Who looks at a page, and what they may do."""

import time
from dataclasses import dataclass, field

from pydantic import SecretStr

from common.errors import DeliveryTimeError


class Forbidden(DeliveryTimeError):
    """The visitor's key does not open this."""

    status = 403
    title = "Forbidden"

    def __init__(self, name: str, scope: str) -> None:
        super().__init__(f"key {name!r} lacks the scope {scope!r}")


@dataclass(frozen=True)
class Visitor:
    """name: of the API key; scopes: what it opens, `admin` all. key: None where no log-in is needed."""

    name: str
    scopes: frozenset[str]
    key: SecretStr | None = field(default=None, repr=False)
    until: float = field(default_factory=lambda: time.time() + 1e9)

    def may(self, scope: str) -> bool:
        """Whether an action of this scope is open."""
        return scope in self.scopes or "admin" in self.scopes

    def require(self, scope: str) -> None:
        """Forbidden unless the action is open."""
        if not self.may(scope):
            raise Forbidden(self.name, scope)


LOCAL = Visitor("local", frozenset({"admin"}))
"""Whoever reaches a console that asks for no key."""
