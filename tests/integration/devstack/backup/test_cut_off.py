"""A backup or a restore that is killed half-way, refused, or asked for twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import NullPool, create_engine, text

from common.model.bundle import Bundle
from devstack.backup.restore import require_empty
from devstack.backup.running import refuse_half_restored
from devstack.errors import HalfRestored, NotEmpty
from devstack.stack import Stack
from integration.devstack.backup.conftest import Backup
from integration.devstack.commanded_stack import Commanded
from support.faults import kills
from support.waiting import wait_until

KILLED_AT_THE_OBJECTS = """
import os, signal
from devstack import cli
from devstack.backup import objects

objects.put_back = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
cli.main()
"""


def environment(stack: Stack) -> dict[str, str]:
    return os.environ | {name.upper(): str(value) for name, value in stack.settings.model_dump().items()}


@contextmanager
def stuck(source: Commanded, file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A backup that waits for a table, its first parts already written."""
    with create_engine(source.stack.database_url, poolclass=NullPool).begin() as holder:
        holder.execute(text("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE"))
        command = [sys.executable, "-m", "devstack.cli", "backup", str(file)]
        process = subprocess.Popen(command, env=environment(source.stack))
        waits = text(
            "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid "
            "WHERE relname = 'api_keys' AND NOT granted"
        )
        wait_until(lambda: holder.scalar(waits))
        yield process
    process.wait()


@pytest.fixture(scope="module")
def with_secrets(source: Commanded, backup: Backup, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second backup, where one was killed before."""
    file = tmp_path_factory.mktemp("second") / "it.tar.zst"
    with stuck(source, file) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not file.exists()
    done = source.devstack("backup", str(file), "--with-secrets")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    return file


def test_nothing_is_deleted_while_a_backup_is_taken(
    source: Commanded, backup: Backup, sample_bundle: Bundle, tmp_path: Path
) -> None:
    files = text("SELECT uri, state FROM cold_files ORDER BY uri")
    with create_engine(source.stack.database_url, poolclass=NullPool).connect() as connection:
        before = connection.execute(files).all()
        connection.execute(text("UPDATE cold_files SET state = 'replaced'"))
        connection.commit()
        with stuck(source, tmp_path / "it"), patch.dict(os.environ, backup.rig.environment):
            kills.Parts(source.stack.database_url, source.stack.queue_url, sample_bundle).archiver().work()
            assert len(connection.execute(files).all()) == len(before) > 0
        connection.execute(text("UPDATE cold_files SET state = 'kept'"))
        connection.commit()


def test_a_restore_that_is_killed_is_begun_again_and_nothing_else_starts_meanwhile(
    source: Commanded, other: Commanded, with_secrets: Path
) -> None:
    command = [sys.executable, "-c", KILLED_AT_THE_OBJECTS, "restore", str(with_secrets)]
    killed = subprocess.run(command, env=environment(other.stack), capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(HalfRestored, match="was cut off: run `devstack restore FILE` again"):
        refuse_half_restored(other.stack)
    again = other.devstack("restore", str(with_secrets))
    assert again.returncode == 0, again.stderr
    assert other.living() == []
    refuse_half_restored(other.stack)
    assert other.stack.credentials == source.stack.credentials


def test_a_stack_that_is_in_use_is_not_restored_into_unasked(source: Commanded, backup: Backup) -> None:
    with pytest.raises(NotEmpty, match="it has objects in the bucket delivery-time"):
        require_empty(source.stack)


def test_a_damaged_backup_touches_nothing(other: Commanded, backup: Backup, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.zst"
    cut.write_bytes(backup.file.read_bytes()[:-100])
    done = other.devstack("restore", str(cut))
    assert done.returncode == 1
    assert done.stderr.startswith(f"devstack: {cut} is no whole backup (")
    assert done.stderr.count("\n") == 1
    assert not (other.stack.directory / "postgres").exists()


def test_a_stack_that_is_up_is_not_restored_into(source: Commanded, backup: Backup) -> None:
    done = source.devstack("restore", str(backup.file), "--replace")
    assert done.returncode == 1
    assert "is up: run `devstack down` first" in done.stderr


def test_a_folder_without_a_stack_has_nothing_to_back_up(other: Commanded, tmp_path: Path) -> None:
    done = other.devstack("backup", str(tmp_path / "it"))
    assert done.returncode == 1
    assert "there is no stack" in done.stderr
    assert not (tmp_path / "it").exists()
