"""Takes a backup of a stack, whether it is up or not (devstack.backup says in which order, and why)."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from common.database.tables.log import ARCHIVE_LOCK
from devstack.backup import databases, objects, waiting_log
from devstack.backup.archive import new_archive
from devstack.backup.parts import ABOUT, CREDENTIALS, DATABASES, POSTGRES, QUEUE, SHOP, About
from devstack.backup.running import refuse_half_restored, servers_up
from devstack.errors import NotSetUp, StackError
from devstack.servers import seaweedfs
from devstack.stack import BUCKET, MLFLOW_BUCKET, Stack
from devstack.table import megabytes

Say = Callable[[str], None]


def take(stack: Stack, file: Path, with_secrets: bool, say: Say) -> None:
    """Write everything of a stack to a file, which appears when it is whole. secrets: passwords and keys too.

    NotSetUp, BackupUnderWay; StackError and what the servers raise.
    """
    if not stack.env_file.exists():
        raise NotSetUp(stack.directory)
    refuse_half_restored(stack)
    with new_archive(file) as archive, servers_up(stack, say), nothing_deleted(stack, say):
        archive.put(ABOUT, About.now(datetime.now(UTC).isoformat(timespec="seconds")).as_json())
        if with_secrets:
            archive.put(CREDENTIALS, (stack.directory / CREDENTIALS).read_bytes())
        if shop := os.environ.get("SHOP_FILE"):
            archive.put(SHOP, Path(shop).read_bytes())
        for stream in waiting_log.STREAMS:
            for number, entries in enumerate(waiting_log.waiting(stack, stream)):
                archive.put(f"{QUEUE}/{stream}/{number:05d}", entries)
        for database in DATABASES:
            with databases.dumped(stack, database) as dump:
                say(f"  database {database}: {megabytes(archive.pour(f'{POSTGRES}/{database}', dump))}")
        for bucket in (BUCKET, MLFLOW_BUCKET):
            count, size = objects.copy_out(seaweedfs.client(stack, patient=True), bucket, archive)
            say(f"  bucket {bucket}: {count:,} objects, {megabytes(size)}")


@contextmanager
def nothing_deleted(stack: Stack, say: Say) -> Iterator[None]:
    """While the block runs, no archiver of the monitor moves, rewrites or deletes anything. Waits for one at work."""
    engine = create_engine(stack.database_url, poolclass=NullPool)
    with engine.begin() as connection:  # the lock is this transaction's
        lock = {"name": ARCHIVE_LOCK}
        if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), lock):
            say("  waits for the monitor, which is archiving")
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), lock)
        yield
        try:
            connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise StackError("the lock of the archive was lost meanwhile: run the backup again") from error
