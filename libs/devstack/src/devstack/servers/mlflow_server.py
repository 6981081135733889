"""The MLflow server: runs in Postgres, artifacts in the object store, handed through by the server, behind a login."""

import os
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import httpx
from sqlalchemy import NullPool, create_engine, inspect

from common.errors import BundleMissing, DamagedBundle
from common.servers.registry import Registry
from common.servers.signatures import SigningKey
from common.settings import RegistrySettings
from devstack import mlflow_login
from devstack.errors import CannotRun
from devstack.servers.ports import Port
from devstack.servers.process import Process
from devstack.settings import LOOPBACK
from devstack.stack import MLFLOW_BUCKET, REGION, Stack

NAME = "mlflow"

UPGRADE = "import os; from mlflow.db import upgrade; upgrade.callback(os.environ['MLFLOW_BACKEND_STORE_URI'])"
"""Brings MLflow's own tables to what this MLflow wants. The address is no argument: those show in the process list."""


def process(stack: Stack) -> Process:
    """The server. Its address of the database goes by the environment: arguments show in the process list."""
    port = stack.settings.mlflow_port
    return Process(
        name=NAME,
        argv=[sys.executable, "-m", mlflow_login.__name__, *_flags(port)],
        cwd=stack.directory,
        env=_environment(stack),
        probe=lambda _pid: _require_health(stack.mlflow_address),
        prepare=lambda: _upgrade(stack),
        settle=lambda: _sign_what_is_there(stack),
        needs=("postgres", "seaweedfs"),
        ports=(Port(port, "MLflow", "MLFLOW_PORT"),),
        address=stack.mlflow_address,
        start_seconds=180,
        probe_failures=6,
    )


def _upgrade(stack: Stack) -> None:
    """Upgrade the tables of another version, without which the server does not start; it makes the first itself."""
    mark, present = _version_mark(stack), version("mlflow")
    if mark.exists() and mark.read_text() == present:
        return
    if inspect(create_engine(stack.mlflow_database_url, poolclass=NullPool)).has_table("alembic_version"):
        command = [sys.executable, "-c", UPGRADE]
        done = subprocess.run(command, env=_environment(stack), cwd=stack.directory, capture_output=True, text=True)
        if done.returncode:
            raise CannotRun(f"MLflow's tables cannot be upgraded to {present}: {done.stderr.strip().splitlines()[-1]}")
    mark.write_text(present)


def forget_version(stack: Stack) -> None:
    """Have tables and models looked at at the next start: they are others than those that were there."""
    _version_mark(stack).unlink(missing_ok=True)
    _signed_mark(stack).unlink(missing_ok=True)


def _version_mark(stack: Stack) -> Path:
    return stack.directory / "mlflow-version"


def _signed_mark(stack: Stack) -> Path:
    return stack.directory / "models-signed"


def _flags(port: int) -> list[str]:
    hosts = "localhost,localhost:*,127.0.0.1,127.0.0.1:*"
    destination = f"s3://{MLFLOW_BUCKET}"
    listen = ["--host", LOOPBACK, "--port", str(port), "--workers", "1", "--allowed-hosts", hosts]
    return [*listen, "--serve-artifacts", "--artifacts-destination", destination]


def _environment(stack: Stack) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(stack.directory),
        "TMPDIR": str(stack.temp),
        "LC_ALL": "C.UTF-8",
        "MLFLOW_BACKEND_STORE_URI": stack.mlflow_database_url,
        "MLFLOW_ADMIN_PASSWORD": stack.credentials.mlflow_admin_password,
        "MLFLOW_READER_PASSWORD": stack.credentials.mlflow_reader_password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": stack.credentials.mlflow_session_key,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its job runner takes 25 s and 1 GB more
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_S3_ENDPOINT_URL": stack.object_store_endpoint,
        "AWS_ACCESS_KEY_ID": stack.credentials.mlflow_access_key,
        "AWS_SECRET_ACCESS_KEY": stack.credentials.mlflow_secret_key,
        "AWS_DEFAULT_REGION": REGION,
    }


def _sign_what_is_there(stack: Stack) -> None:
    """Vouch, once, for the models that serve in a stack of before signatures, or that came out of another's backup."""
    mark = _signed_mark(stack)
    if mark.exists():
        return
    settings = RegistrySettings.model_validate(
        {"url": stack.mlflow_url, "cache_dir": stack.directory / "models", "trusted_keys": stack.trusted_key}
    )
    with Registry(settings) as registry:
        for version in registry.aliased():
            with suppress(BundleMissing, DamagedBundle):  # nobody could load it until now either
                registry.sign(version, SigningKey(stack.credentials.signing_key))
    mark.touch()


def _require_health(url: str) -> None:
    httpx.get(f"{url}/health", timeout=5, trust_env=False).raise_for_status()
