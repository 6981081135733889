"""Addresses of servers, with credentials that no text shows."""

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_CREDENTIALS = re.compile(r"://[^/\s@\"']*(?:/[^/\s@\"']*)?@")


def redacted(text: str) -> str:
    """A text of somebody else's with the credentials of every address in it as ***: the last line of defence."""
    return _CREDENTIALS.sub("://***@", text) if "@" in text else text


class SecretAddress(SecretStr):
    """An address whose text is its scheme, host and port: user, password, path and query may be secrets.

    `get_secret_value()` is for the client that connects, and for nobody else.
    """

    def _display(self) -> str:
        parts = urlsplit(self.get_secret_value())
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}"

    @property
    def without_credentials(self) -> str:
        """The whole address but user and password, which a client gets apart: its errors name the address."""
        parts = urlsplit(self.get_secret_value())
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password, decoded; None if there are none."""
        parts = urlsplit(self.get_secret_value())
        return (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None

    @property
    def password(self) -> str:
        """The password as it stands there, or nothing."""
        return urlsplit(self.get_secret_value()).password or ""


def _well_formed(example: str, *schemes: str) -> Callable[[SecretAddress], SecretAddress]:
    expected = f"must look like {example}; letters like @ : / # ? in a password are written %40 %3A %2F %23 %3F"

    def check(address: SecretAddress) -> SecretAddress:
        try:
            parts = urlsplit(address.get_secret_value())
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:  # no number for a port, or a bracket that is not closed
            good = False
        if not good:
            raise ValueError(expected)
        return address

    return check


def _with_driver(address: SecretAddress) -> SecretAddress:
    """SQLAlchemy wants its driver's name; Heroku, libpq and most panels write postgres:// or postgresql://."""
    scheme, separator, rest = address.get_secret_value().partition("://")
    return SecretAddress("postgresql+psycopg2" + separator + rest) if scheme.startswith("postgres") else address


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


_DATABASE = "postgresql://user:password@host:5432/name"
_QUEUE = "redis://:password@host:6379/0"
_HTTP = "http://host:5000"

DatabaseAddress = Annotated[
    SecretAddress,
    BeforeValidator(_plain),
    AfterValidator(_well_formed(_DATABASE, "postgres", "postgresql", "postgresql+psycopg2")),
    AfterValidator(_with_driver),
    Field(examples=[_DATABASE]),
]
QueueAddress = Annotated[
    SecretAddress,
    BeforeValidator(_plain),
    AfterValidator(_well_formed(_QUEUE, "redis", "rediss")),
    Field(examples=[_QUEUE]),
]
HttpAddress = Annotated[
    SecretAddress,
    BeforeValidator(_plain),
    AfterValidator(_well_formed(_HTTP, "http", "https")),
    Field(examples=[_HTTP]),
]
