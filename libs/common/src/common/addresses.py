"""Addresses of servers, with credentials that no text shows."""

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl, unquote, urlsplit

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
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and " " not in parts.netloc
        except ValueError:  # no number for a port, or a bracket that is not closed
            good = False
        if not good:
            raise ValueError(expected)
        return address

    return check


def _with_driver(address: SecretAddress) -> SecretAddress:
    """SQLAlchemy wants its driver's name; Heroku, libpq and most panels write postgres:// or postgresql://."""
    rest = address.get_secret_value().partition("://")[2]
    return SecretAddress(f"postgresql+psycopg2://{rest}")


def _known_to_libpq(address: SecretAddress) -> SecretAddress:
    """Refuses options that only a connection would stumble over."""
    parts = urlsplit(address.get_secret_value())
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (mode := options.get("sslmode", TLS_MODES[0])) not in TLS_MODES:
        raise ValueError(f"must have sslmode={', '.join(TLS_MODES)} if any (got {mode!r})")
    if options:
        from psycopg2 import ProgrammingError
        from psycopg2.extensions import parse_dsn

        try:
            parse_dsn(f"postgresql://host/name?{parts.query}")
        except ProgrammingError as error:
            raise ValueError(f"has an option that Postgres does not know ({str(error).strip()})") from None
    return address


def _of_a_queue(address: SecretAddress) -> SecretAddress:
    """Refuses what clients would take for another database, or stumble over when they connect."""
    parts = urlsplit(address.get_secret_value())
    if not re.fullmatch(r"/?|/[0-9]+", parts.path):
        raise ValueError(f"must end in the number of a database, as in {_QUEUE}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - OPTIONS:
        raise ValueError(f"has options that no queue knows: {', '.join(sorted(unknown))} (known: {', '.join(OPTIONS)})")
    if parts.scheme == "redis" and (of_tls := sorted(name for name in options if name.startswith("ssl_"))):
        raise ValueError(f"must begin with rediss:// for TLS: it has {', '.join(of_tls)}")
    if (wanted := options.get("ssl_cert_reqs", "required")) not in CERTIFICATE:
        raise ValueError(f"must have ssl_cert_reqs={', '.join(CERTIFICATE)} if any (got {wanted!r})")
    return address


def _plain(value: object) -> object:
    """The text, its scheme in small letters, Valkey's by the name that clients know."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str):
        return text
    scheme, separator, rest = text.partition("://")
    return f"{VALKEY.get(scheme.lower(), scheme.lower())}{separator}{rest}" if separator else text


CERTIFICATE = ("required", "optional", "none")
OPTIONS = (
    "ssl_cert_reqs",
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_check_hostname",
    "socket_timeout",
    "socket_connect_timeout",
    "health_check_interval",
    "client_name",
    "protocol",
)
"""Of a queue's address."""

TLS_MODES = ("prefer", "disable", "allow", "require", "verify-ca", "verify-full")
VALKEY = {"valkey": "redis", "valkeys": "rediss"}

_DATABASE = "postgresql://user:password@host:5432/name"
_QUEUE = "redis://:password@host:6379/0"
_HTTP = "http://host:5000"

DatabaseAddress = Annotated[
    SecretAddress,
    BeforeValidator(_plain),
    AfterValidator(_well_formed(_DATABASE, "postgres", "postgresql", "postgresql+psycopg2")),
    AfterValidator(_known_to_libpq),
    AfterValidator(_with_driver),
    Field(examples=[_DATABASE]),
]
QueueAddress = Annotated[
    SecretAddress,
    BeforeValidator(_plain),
    AfterValidator(_well_formed(_QUEUE, "redis", "rediss")),
    AfterValidator(_of_a_queue),
    Field(examples=[_QUEUE]),
]
HttpAddress = Annotated[
    SecretAddress,
    BeforeValidator(_plain),
    AfterValidator(_well_formed(_HTTP, "http", "https")),
    Field(examples=[_HTTP]),
]
