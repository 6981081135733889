"""Who administers what is on record."""

from subprocess import CompletedProcess
from uuid import uuid4

from sqlalchemy import select

from common.database.session import Database
from common.database.tables import Act
from support.gateway_fixtures import gateway_command
from support.stack_fixtures import TestServers


def acts_about(database: Database, part: str) -> list[Act]:
    with database.transaction() as session:
        return list(session.scalars(select(Act).where(Act.subject.contains(part)).order_by(Act.id)))


def test_who_made_and_revoked_a_key_is_on_record_and_its_text_is_not(
    gateway_env: dict[str, str], database: Database
) -> None:
    name = f"acts-{uuid4().hex}"
    made = gateway_command(gateway_env, "keys", "create", name, "--owner", "shop", "--scope", "jobs")
    assert gateway_command(gateway_env, "keys", "revoke", name).returncode == 0
    created, revoked = acts_about(database, name)
    assert (created.act, revoked.act) == ("key created", "key revoked")
    assert created.reason == "of shop: jobs"
    assert created.actor == revoked.actor != ""
    shown = gateway_command(gateway_env, "acts", "--last", "5")
    assert f"key revoked          {created.subject}" in shown.stdout
    assert made.stdout.strip() not in shown.stdout


def test_the_gateway_s_own_role_makes_keys_and_a_worker_s_says_what_to_do(
    gateway_env: dict[str, str], servers: TestServers
) -> None:
    def keys_by(service: str) -> "CompletedProcess[str]":
        url = servers.stack.environment_of(service)["DATABASE_URL"]
        return gateway_command(gateway_env | {"DATABASE_URL": url}, "keys", "create", f"acts-{uuid4().hex}")

    assert keys_by("gateway").returncode == 0
    refused = keys_by("monitor")
    assert refused.returncode == 1
    assert "permission denied for table api_keys" in refused.stderr
    assert "Give the command the DATABASE_URL of the role that owns the tables" in refused.stderr
