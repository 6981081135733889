"""The roles and databases of a managed Postgres, whose master account is no superuser, are made by the same script."""

import re

from common.database.access.roles import SERVICES
from support.kubernetes.database import SCRIPT, asked, make_roles
from support.stack_fixtures import TestServers

SHOP = "managed_delivery_time"
SECRET = "s3cret"


def test_a_master_that_is_no_superuser_makes_them(servers: TestServers) -> None:
    assert servers.postgres.pid
    port, superuser = servers.stack.settings.postgres_port, servers.stack.credentials.postgres_superuser_password
    master = f"CREATE ROLE master LOGIN CREATEDB CREATEROLE PASSWORD '{SECRET}'"
    asked(port, "postgres", superuser, "postgres", master)
    for _ in range(2):  # the second time after an upgrade: what is there stays
        make_roles(
            port, "master", SECRET, SECRET, re.sub(r" (delivery_time\w*|mlflow|grafana)\b", r" managed_\1", SCRIPT)
        )
    assert asked(port, SHOP, SECRET, SHOP, "CREATE TABLE kept (x int)", "SELECT count(*) FROM kept") == ["0"]
    for service in SERVICES:
        assert asked(port, f"managed_delivery_time_{service}", SECRET, SHOP, "SELECT 1") == ["1"]
    assert asked(port, "managed_grafana", SECRET, SHOP, "SHOW default_transaction_read_only") == ["on"]
