"""A stack of servers through its life: up, watched, killed, cut off, down."""

import os
import socket
import stat
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import boto3
import psutil
import pytest
from redis import Redis
from sqlalchemy import Connection, NullPool, create_engine, text

from devstack.stack import BUCKET
from integration.devstack.commanded_stack import SERVERS, Commanded
from support.waiting import wait_until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.mark.parametrize("name", SERVERS)
def test_a_killed_server_shows_in_status_and_comes_back_with_its_data(up: Commanded, name: str) -> None:
    store(up.environment, f"before {name} was killed")
    before = up.process(name)
    psutil.Process(before.pid).kill()
    wait_until(lambda: up.process(name).condition != "running")
    wait_until(lambda: up.process(name).condition == "running" and up.process(name).pid != before.pid)
    status = up.devstack("status")
    assert status.returncode == 0
    assert "killed by signal 9" in status.stdout
    assert f"before {name} was killed" in stored(up.environment)


def test_after_a_power_cut_up_starts_again_with_all_data_though_process_ids_are_reused(up: Commanded) -> None:
    store(up.environment, "before the cut")
    cut = [psutil.Process(up.state().pid), *up.living()]
    for process in cut:
        process.kill()
    psutil.wait_procs(cut, timeout=5)
    status = up.devstack("status")
    assert status.returncode == 1
    assert "the supervisor is dead" in status.stdout
    reuse_process_id(up)
    up.up(*SERVERS)
    assert "before the cut" in stored(up.environment)


def test_servers_that_outlived_their_supervisor_are_replaced(up: Commanded) -> None:
    orphans = up.living()
    psutil.Process(up.state().pid).kill()
    up.up(*SERVERS)
    assert not any(orphan.is_running() for orphan in orphans)
    assert up.devstack("status").returncode == 0


def test_up_again_says_that_it_is_up(up: Commanded) -> None:
    supervisor = up.state().pid
    again = up.devstack("up", *SERVERS)
    assert again.returncode == 0
    assert "already up" in again.stdout
    assert up.state().pid == supervisor


def test_up_does_not_claim_that_what_was_left_out_is_up(up: Commanded) -> None:
    more = up.devstack("up", "mlflow", "valkey")
    assert more.returncode == 1
    assert "without mlflow: run `devstack down` first" in more.stderr
    assert up.devstack("up").returncode == 1


def test_run_gives_a_command_the_stacks_variables(up: Commanded) -> None:
    done = up.devstack("run", "--", sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'])")
    assert done.stdout.strip() == up.environment["DATABASE_URL"]


def test_run_finds_the_services_commands(up: Commanded) -> None:
    done = up.devstack("run", "--", "monitor", "alerts", "--help", PATH=os.defpath)
    assert done.stdout.startswith("usage: monitor alerts"), done.stderr


def test_logs_show_what_a_server_said(up: Commanded) -> None:
    assert "ready to accept connections" in up.devstack("logs", "postgres").stdout
    unknown = up.devstack("logs", "postgers")
    assert unknown.returncode == 1
    assert "choose from" in unknown.stderr


def test_no_secret_is_readable_by_others_or_shows_in_the_process_list(up: Commanded) -> None:
    secrets = vars(up.stack.credentials).values()
    for process in up.living():
        assert not any(secret in " ".join(process.cmdline()) for secret in secrets)
    assert stat.S_IMODE(up.stack.directory.stat().st_mode) == 0o700
    for name in ("env", "credentials.json", "valkey.conf", "s3.json"):
        assert stat.S_IMODE((up.stack.directory / name).stat().st_mode) == 0o600


def test_every_server_listens_on_the_loopback_address_only(up: Commanded) -> None:
    listening = [c for p in up.living() for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert {c.laddr.port for c in listening} >= {up.stack.settings.postgres_port, up.stack.settings.s3_port}
    assert {c.laddr.ip for c in listening} == {"127.0.0.1"}


def test_the_services_role_is_no_superuser(up: Commanded) -> None:
    with create_engine(up.environment["DATABASE_URL"], poolclass=NullPool).connect() as connection:
        role = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(text(role)).scalar() is False


def test_two_stacks_run_side_by_side(up: Commanded, other: Commanded) -> None:
    other.up("postgres", "valkey")
    assert other.devstack("status").returncode == 0
    assert other.devstack("down").returncode == 0
    assert other.living() == []
    assert up.devstack("status").returncode == 0


def test_down_leaves_no_process_and_up_finds_the_data_again(up: Commanded) -> None:
    store(up.environment, "before down")
    down = up.devstack("down")
    assert down.returncode == 0
    assert up.living() == []
    assert not up.stack.temp.exists()
    assert up.devstack("status").returncode == 1
    for port in (up.stack.settings.postgres_port, up.stack.settings.valkey_port, up.stack.settings.s3_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    up.up(*SERVERS)
    assert "before down" in stored(up.environment)


def reuse_process_id(up: Commanded) -> None:
    """As after a restart of the machine: the id that Postgres noted for itself is another living program's."""
    noted = up.stack.directory / "postgres" / "postmaster.pid"
    _, *others = noted.read_text().splitlines()
    noted.write_text("\n".join([str(os.getpid()), *others]) + "\n")


def store(env: dict[str, str], value: str) -> None:
    with database(env) as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS kept (value text)"))
        connection.execute(text("INSERT INTO kept VALUES (:value)"), {"value": value})
    with Redis.from_url(env["QUEUE_URL"]) as queue:
        queue.sadd("kept", value)
    object_store(env).put_object(Bucket=BUCKET, Key=value, Body=b"kept")


def stored(env: dict[str, str]) -> set[str]:
    """What database, queue and object store all have."""
    with database(env) as connection:
        rows = set(connection.execute(text("SELECT value FROM kept")).scalars())
    with Redis.from_url(env["QUEUE_URL"], decode_responses=True) as queue:
        queued = queue.smembers("kept")
    return rows & queued & {each["Key"] for each in object_store(env).list_objects_v2(Bucket=BUCKET)["Contents"]}


def database(env: dict[str, str]) -> AbstractContextManager[Connection]:
    return create_engine(env["DATABASE_URL"], poolclass=NullPool).begin()


def object_store(env: dict[str, str]) -> "S3Client":
    return boto3.client(
        "s3",
        endpoint_url=env["OBJECT_STORE_ENDPOINT"],
        aws_access_key_id=env["OBJECT_STORE_ACCESS_KEY"],
        aws_secret_access_key=env["OBJECT_STORE_SECRET_KEY"],
        region_name=env["OBJECT_STORE_REGION"],
    )
