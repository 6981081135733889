"""Behind PgBouncer, by transaction: no options at the start of a connection, nothing kept between two transactions."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from common.database.migrate import migrate
from common.database.session import Database
from common.settings import DatabaseSettings
from devstack.servers.ports import is_free, pick_free
from support.waiting import wait_until

ROOT = Path(__file__).parents[3]
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@pytest.fixture
def pooled_url(postgres_url: str, tmp_path: Path) -> Iterator[str]:
    """The database through PgBouncer, which hands out a server's connection for one transaction."""
    if PGBOUNCER is None:
        pytest.skip("NO PGBOUNCER HERE, SO NOTHING BEHIND A POOLER WAS TRIED: install it")
    url, port = make_url(postgres_url), pick_free()
    database = f"host={url.host} port={url.port} user={url.username} password={url.password}"
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n{url.database} = {database}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nunix_socket_dir =\n"
    )
    account = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if account:
        subprocess.run(["chown", "-R", "65534", tmp_path], check=True)
    pooler = subprocess.Popen([*account, PGBOUNCER, "pgbouncer.ini"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    wait_until(lambda: not is_free(port), what="the pooler")
    yield url.set(port=port).render_as_string(hide_password=False)
    pooler.terminate()
    pooler.wait()


def database(url: str, pooler: bool, statement_seconds: float = 0.5) -> Database:
    return Database(DatabaseSettings(url=url, pooler=pooler), statement_seconds)


def test_with_the_setting_statements_have_their_limit_through_a_pooler_that_refuses_options(pooled_url: str) -> None:
    migrate(pooled_url)
    with (
        pytest.raises(OperationalError, match="options"),
        database(pooled_url, pooler=False).transaction() as session,
    ):
        session.execute(text("SELECT 1"))
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        database(pooled_url, pooler=True).transaction() as session,
    ):
        session.execute(text("SELECT pg_sleep(5)"))


def test_without_a_pooler_statements_have_their_limit_from_the_start(postgres_url: str) -> None:
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        database(postgres_url, pooler=False).transaction() as session,
    ):
        session.execute(text("SELECT pg_sleep(5)"))


def test_no_lock_outlives_its_transaction() -> None:
    """A lock of a session stays with the server's connection, which is somebody else's at the next transaction."""
    for path in [*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]:
        assert not re.search(r"pg_(try_)?advisory_(lock|unlock)", path.read_text()), path
