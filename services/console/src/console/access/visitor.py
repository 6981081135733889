"""Who looks at a page, and what they may do."""

import time
from dataclasses import dataclass, field

from pydantic import SecretStr

from common.errors import DeliveryTimeError


class Forbidden(DeliveryTimeError):
    """The visitor's key does not open this."""

    status = 403
    title = "Forbidden"

    def __init__(self, name: str, *scopes: str) -> None:
        super().__init__(f"key {name!r} lacks the scope {' or '.join(map(repr, scopes))}")


@dataclass(frozen=True)
class Visitor:
    """name: of the API key; scopes: what it opens, `admin` all. key: None where no log-in is needed."""

    name: str
    scopes: frozenset[str]
    key: SecretStr | None = field(default=None, repr=False)
    until: float = field(default_factory=lambda: time.time() + 1e9)

    def may(self, *scopes: str) -> bool:
        """Whether what any of these scopes opens is open."""
        return not self.scopes.isdisjoint({*scopes, "admin"})

    def require(self, *scopes: str) -> None:
        """Forbidden unless it is open."""
        if not self.may(*scopes):
            raise Forbidden(self.name, *scopes)


LOCAL = Visitor("local", frozenset({"admin"}))
"""Whoever reaches a console that asks for no key."""
