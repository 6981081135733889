"""The roles and databases of a managed Postgres, whose master account is no superuser, are made by the same script."""

import re

from support.kubernetes.database import SCRIPT, asked, make_roles
from support.stack_fixtures import TestServers

SHOP = "managed_delivery_time"
SECRET = "s3cret"


def test_a_master_that_is_no_superuser_makes_them(servers: TestServers) -> None:
    assert servers.postgres.pid
    port, superuser = servers.stack.settings.postgres_port, servers.stack.credentials.postgres_superuser_password
    master = f"CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD '{SECRET}'"
    asked(port, "postgres", superuser, "postgres", master)
    make_roles(
        port, "master", SECRET, SECRET, re.sub(r"(?<!-v) (delivery_time|mlflow|grafana)\b", r" managed_\1", SCRIPT)
    )
    assert asked(port, SHOP, SECRET, SHOP, "CREATE TABLE kept (x int)", "SELECT count(*) FROM kept") == ["0"]
    assert asked(port, "managed_grafana", SECRET, SHOP, "SHOW default_transaction_read_only") == ["on"]
