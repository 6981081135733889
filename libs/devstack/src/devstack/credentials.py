"""The stack's secrets: generated once, kept in a file that only its owner can read."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


def _new_secret() -> str:
    return secrets.token_hex(24)


@dataclass(frozen=True)
class Credentials:
    """A password for each role; none opens what another role may do."""

    postgres_superuser_password: str = field(default_factory=_new_secret, repr=False)
    database_password: str = field(default_factory=_new_secret, repr=False)
    mlflow_database_password: str = field(default_factory=_new_secret, repr=False)
    queue_password: str = field(default_factory=_new_secret, repr=False)
    access_key: str = field(default_factory=lambda: secrets.token_hex(10).upper(), repr=False)
    secret_key: str = field(default_factory=_new_secret, repr=False)
    mlflow_access_key: str = field(default_factory=lambda: secrets.token_hex(10).upper(), repr=False)
    mlflow_secret_key: str = field(default_factory=_new_secret, repr=False)


def load_or_create(path: Path) -> Credentials:
    """The credentials kept in `path`, made on the first call."""
    if not path.exists():
        write_private(path, json.dumps(asdict(Credentials()), indent=1))
    return Credentials(**json.loads(path.read_text()))


def write_private(path: Path, text: str) -> None:
    """Replace the content of `path` atomically; nobody else can read it (mode 0600), not even for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
