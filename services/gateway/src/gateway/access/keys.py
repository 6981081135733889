"""API keys: made once, shown once, known afterwards by their hash alone.

A key holds 256 random bits, so one SHA-256 protects it at rest; the slow hashes are for passwords that people choose.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from common.database.access.api_keys import hash_of
from common.errors import Unavailable

Scope = Literal["predict", "jobs", "actuals", "read", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
LOOKING = ("GET", "HEAD")
"""Methods that change nothing."""


@dataclass(frozen=True)
class Key:
    """A key as the gateway knows it. The scope `admin` includes all others; `read` looks at all, and changes nothing.

    owner: whose jobs, idempotency keys and rate it uses; several keys may have one. reads, writes: prefixes of what its
    jobs may read and write; anywhere if there are none.
    """

    id: str
    name: str
    owner: str
    sha256: str
    scopes: frozenset[str]
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def opens(self, scope: Scope) -> bool:
        """Whether a route of this scope may be used."""
        return scope in self.scopes or "admin" in self.scopes

    def sees_all(self, method: str) -> bool:
        """Whether a request of this method meets what belongs to other owners too; with `read` only one that looks."""
        return self.opens("read" if method in LOOKING else "admin")


class KeysUnknown(Unavailable):
    """The gateway has just started and has not reached the database yet."""

    def __init__(self) -> None:
        super().__init__("the API keys could not be read from the database yet: try again later")


def new_key(
    name: str, owner: str, scopes: Iterable[Scope], reads: Iterable[str] = (), writes: Iterable[str] = ()
) -> tuple[Key, str]:
    """A new key and its secret text, which exists nowhere else."""
    key_id = secrets.token_hex(4)
    text = f"dt_{key_id}_{secrets.token_urlsafe(32)}"
    return Key(key_id, name, owner, hash_of(text), frozenset(scopes), tuple(reads), tuple(writes)), text


class KeyRing:
    """The valid keys in memory, by hash; refreshed from the database, kept while that is away."""

    def __init__(self, load: Callable[[], Iterable[Key]]) -> None:
        self._load = load
        self._by_hash: dict[str, Key] | None = None

    def refresh(self) -> None:
        """Replace all keys by those that `load` gives."""
        self._by_hash = {key.sha256: key for key in self._load()}

    def check_known(self) -> None:
        """KeysUnknown until the first refresh."""
        if self._by_hash is None:
            raise KeysUnknown

    def find(self, text: str) -> Key | None:
        """The key with this text; KeysUnknown until the first refresh."""
        if self._by_hash is None:
            raise KeysUnknown
        return self._by_hash.get(hash_of(text))
