"""Puts a backup into a stack that is empty, or shall be.

Nothing is touched before the whole file was read and compared with its checksums. From then on until all is in place
a mark stands in the stack's folder: nothing but the same command starts anything there, and it begins from the start.
"""

import json
from collections.abc import Callable
from itertools import chain, groupby
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from common.database.migrate import migrate
from devstack.backup import databases, objects, open_jobs, waiting_log
from devstack.backup.archive import Part, read_parts
from devstack.backup.parts import ABOUT, CREDENTIALS, OBJECTS, POSTGRES, QUEUE, SHOP, About
from devstack.backup.running import mark_of_restore, only_servers_up, the_only_restore
from devstack.credentials import write_private
from devstack.errors import DamagedBackup, NotEmpty, StackError
from devstack.servers import mlflow_server, seaweedfs
from devstack.stack import BUCKET, MLFLOW_BUCKET, Stack
from devstack.supervision import control, state

Say = Callable[[str], None]

USED = ("predictions", "actuals", "batch_jobs", "model_events", "api_keys")
"""Tables that a stack which nobody has used has no row in."""


def restore(stack: Stack, file: Path, replace: bool, say: Say) -> None:
    """Make a stack what it was when the backup was made; it is down before and after. replace: lose what it has.

    DamagedBackup, OtherRelease; NotEmpty; StackError if it is up, and what the servers raise.
    """
    say(f"reads {file}")
    about = _verified(file)
    say(f"it is whole: of {about.made_at}, by release {about.release}")
    mark = mark_of_restore(stack)
    with the_only_restore(stack):
        if mark.exists():
            control.take_down(stack)
        elif state.observe(stack.state_file):
            raise StackError(f"the stack in {stack.directory} is up: run `devstack down` first")
        _take_credentials(stack, file, say)
        with only_servers_up(stack, say):
            if not mark.exists() and not replace:
                require_empty(stack)
            write_private(mark, about.as_json().decode())
            _empty(stack)
            _put_back(stack, file, say)
        mark.unlink()


def _verified(file: Path) -> About:
    """What the backup says of itself, once all of it was read. DamagedBackup, OtherRelease."""
    parts = read_parts(file)
    first = next(parts, None)
    if first is None or first.name != ABOUT:
        raise DamagedBackup(file, "it does not begin as one")
    about = About.read(file, first.read())
    for _ in parts:
        pass
    return about


def _take_credentials(stack: Stack, file: Path, say: Say) -> None:
    """Passwords and keys of the backup, if it has them and the stack has none of its own yet."""
    kept = stack.directory / CREDENTIALS
    brought = next((part.read() for part in read_parts(file) if part.name == CREDENTIALS), None)
    if brought is None:
        return
    if not kept.exists():
        write_private(kept, brought.decode())
    elif json.loads(kept.read_text()) != json.loads(brought):
        say("the stack keeps its own passwords and keys, not those of the backup")


def require_empty(stack: Stack) -> None:
    """NotEmpty if a stack whose servers are up has anything of a user's."""
    for bucket in (BUCKET, MLFLOW_BUCKET):
        if not objects.is_empty(seaweedfs.client(stack, patient=True), bucket):
            raise NotEmpty(stack.directory, f"objects in the bucket {bucket}")
    with create_engine(stack.database_url, poolclass=NullPool).connect() as connection:
        for table in USED:
            if connection.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is None:
                continue
            if connection.scalar(text(f"SELECT EXISTS (SELECT FROM {table})")):  # noqa: S608 (constants)
                raise NotEmpty(stack.directory, f"rows in the table {table}")


def _empty(stack: Stack) -> None:
    """What the databases have goes as they are made anew."""
    waiting_log.empty(stack)
    for bucket in (BUCKET, MLFLOW_BUCKET):
        objects.empty(seaweedfs.client(stack, patient=True), bucket)


def _put_back(stack: Stack, file: Path, say: Say) -> None:
    client = seaweedfs.client(stack, patient=True)
    etags: dict[str, tuple[str, str]] = {}
    for (folder, *name), parts in groupby(read_parts(file), key=_kind):
        if folder == QUEUE:
            for part in parts:
                waiting_log.put_back(stack, name[0], part.read())
        elif folder == POSTGRES:
            databases.load(stack, name[0], chain.from_iterable(part.blocks() for part in parts))
            say(f"  database {name[0]}")
        elif folder == OBJECTS:
            count = 0
            for part in parts:
                etags |= objects.put_back(client, part)
                count += 1
            say(f"  bucket {name[0]}: {count:,} objects")
        elif folder == SHOP:
            _put_shop(stack, next(parts), say)
    mlflow_server.forget_version(stack)
    migrate(stack.database_url)
    engine = create_engine(stack.database_url, poolclass=NullPool)
    with Session(engine) as session, session.begin():
        open_jobs.hand_over(session, etags)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _kind(part: Part) -> tuple[str, ...]:
    """What a part belongs to: its folder, and the stream, database or bucket; or the name of a single one."""
    return tuple(part.name.split("/")[:2])


def _put_shop(stack: Stack, shop: Part, say: Say) -> None:
    """The shop file, beside those of the stack: nobody's own file is written over."""
    target = stack.directory / SHOP
    target.write_bytes(shop.read())
    say(f"  the shop file: SHOP_FILE={target}")
