"""The stack's secrets: generated once, kept in a file that only its owner can read."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from common.servers.signatures import new_key


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
    mlflow_admin_password: str = field(default_factory=_new_secret, repr=False)
    mlflow_reader_password: str = field(default_factory=_new_secret, repr=False)
    mlflow_session_key: str = field(default_factory=_new_secret, repr=False)
    gateway_database_password: str = field(default_factory=_new_secret, repr=False)
    console_database_password: str = field(default_factory=_new_secret, repr=False)
    scorer_database_password: str = field(default_factory=_new_secret, repr=False)
    monitor_database_password: str = field(default_factory=_new_secret, repr=False)
    trainer_database_password: str = field(default_factory=_new_secret, repr=False)
    signing_key: str = field(default_factory=new_key, repr=False)


def load_or_create(path: Path) -> Credentials:
    """The credentials kept in `path`; those that are not there yet are made, and kept."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    credentials = Credentials(**kept)
    if kept != asdict(credentials):
        write_private(path, json.dumps(asdict(credentials), indent=1))
    return credentials


def write_private(path: Path, text: str) -> None:
    """Replace the content of `path` atomically; nobody else can read it (mode 0600), not even for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
