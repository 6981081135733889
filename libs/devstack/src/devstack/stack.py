"""One stack: its folder, its ports, its secrets, and the environment that its services see."""

import hashlib
import os
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from common.database.access import roles
from common.servers.signatures import SigningKey
from devstack.credentials import Credentials, load_or_create, write_private
from devstack.errors import CannotRun
from devstack.mlflow_login import ADMIN, READER
from devstack.settings import LOOPBACK, StackSettings

DATABASE = "delivery_time"
BUCKET = "delivery-time"
MLFLOW_BUCKET = "mlflow"
REGION = "us-east-1"
LONGEST_SOCKET_NAME = 40
LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class Stack:
    """Where everything of a stack is. `directory` is absolute; nothing is written outside it but sockets."""

    settings: StackSettings

    @cached_property
    def directory(self) -> Path:
        return self.settings.stack_dir.resolve()

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def heartbeats(self) -> Path:
        return self.directory / "heartbeats"

    @property
    def env_file(self) -> Path:
        return self.directory / "env"

    @property
    def state_file(self) -> Path:
        return self.directory / "state.json"

    @property
    def lock_file(self) -> Path:
        return self.directory / "supervisor.lock"

    @property
    def temp(self) -> Path:
        """Folder of temporary files and sockets: in the stack's folder unless that path is too long for a socket."""
        inside = self.directory / "tmp"
        if len(str(inside)) + LONGEST_SOCKET_NAME < LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"devstack-{os.getuid()}-{digest}"

    @cached_property
    def credentials(self) -> Credentials:
        return load_or_create(self.directory / "credentials.json")

    def create(self) -> None:
        """Make the folder, the secrets and the env file; what exists is kept."""
        for folder in (self.directory, self.logs, self.temp):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.temp.is_symlink() or self.temp.stat().st_uid != os.getuid():
            raise CannotRun(f"{self.temp} belongs to another user: set STACK_DIR to a shorter path")
        lines = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        write_private(self.env_file, "\n".join(lines) + "\n")

    def discard_temp(self) -> None:
        """Remove sockets and temporary files, which may lie outside the stack's folder; no process may be left."""
        shutil.rmtree(self.temp, ignore_errors=True)

    @property
    def database_url(self) -> str:
        """Of the role that owns all tables: the operator's."""
        return self._database_url(DATABASE, self.credentials.database_password)

    def _database_url(self, role: str, password: str) -> str:
        return f"postgresql+psycopg2://{role}:{password}@{LOOPBACK}:{self.settings.postgres_port}/{DATABASE}"

    @property
    def mlflow_database_url(self) -> str:
        password = self.credentials.mlflow_database_password
        return f"postgresql+psycopg2://mlflow:{password}@{LOOPBACK}:{self.settings.postgres_port}/mlflow"

    @property
    def queue_url(self) -> str:
        return f"redis://:{self.credentials.queue_password}@{LOOPBACK}:{self.settings.valkey_port}/0"

    @property
    def object_store_endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.settings.s3_port}"

    @property
    def mlflow_address(self) -> str:
        """To be shown."""
        return f"http://{LOOPBACK}:{self.settings.mlflow_port}"

    @property
    def mlflow_url(self) -> str:
        """Of the account that may do all."""
        return self._mlflow_url(ADMIN, self.credentials.mlflow_admin_password)

    def _mlflow_url(self, account: str, password: str) -> str:
        return f"http://{account}:{password}@{LOOPBACK}:{self.settings.mlflow_port}"

    @property
    def trusted_key(self) -> str:
        """The public key of the trainer's."""
        return SigningKey(self.credentials.signing_key).public

    def environment_of(self, service: str) -> dict[str, str]:
        """The variables of one service: its role in the database, and no more of MLflow and of keys than it uses."""
        role, password = roles.role(service), getattr(self.credentials, f"{service}_database_password")
        given = self.environment | {"DATABASE_URL": self._database_url(role, password)}
        if service != "trainer":
            del given["TRAINER_SIGNING_KEY"]
        if service in ("gateway", "scorer"):
            del given["MLFLOW_TRACKING_URI"]
            given["REGISTRY_URL"] = self._mlflow_url(READER, self.credentials.mlflow_reader_password)
        return given

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the operator's commands find this stack: they may do all."""
        return {
            "DATABASE_URL": self.database_url,
            "QUEUE_URL": self.queue_url,
            "OBJECT_STORE_ENDPOINT": self.object_store_endpoint,
            "OBJECT_STORE_ACCESS_KEY": self.credentials.access_key,
            "OBJECT_STORE_SECRET_KEY": self.credentials.secret_key,
            "OBJECT_STORE_REGION": REGION,
            "OBJECT_STORE_BUCKET": BUCKET,
            "REGISTRY_URL": self.mlflow_url,
            "REGISTRY_TRUSTED_KEYS": self.trusted_key,
            "TRAINER_SIGNING_KEY": self.credentials.signing_key,
            "REGISTRY_CACHE_DIR": str(self.directory / "models"),
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "GATEWAY_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.settings.gateway_port),
        }
