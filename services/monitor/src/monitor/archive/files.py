"""The archive's files, and the rows of Postgres that go into one.

A file counts when its row in `cold_files` is KEPT, and that is written in the transaction in which the rows leave
Postgres. Whenever the archiver dies, each row is in one of the two. What it had begun, or not yet deleted, is named by
its state and swept by the next.
"""

import logging
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from common.database.session import Database
from common.database.tables import ColdFile
from common.errors import DeliveryTimeError
from common.servers.objects import ObjectAddress, ObjectStore
from monitor.archive import parquet
from monitor.archive.parquet import Content

BEGUN, KEPT, REPLACED = "begun", "kept", "replaced"

COLD = "cold/"
"""Where the archive lies in the store's own bucket."""

LOCK_MS = 5_000
"""How long the last step waits for those who read or write; everybody who comes after waits behind it."""

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class ArchiveDiffers(DeliveryTimeError):
    """The store gave back something else than what was written; nothing was dropped."""

    def __init__(self, uri: object, wanted: Content, got: Content) -> None:
        super().__init__(
            f"{uri} holds {got.rows} rows ({got.checksum[:12]}), written were {wanted.rows} ({wanted.checksum[:12]})"
        )


@dataclass(frozen=True)
class Part:
    """Rows of Postgres that leave together: those of `table` for which `condition` holds.

    identity: what of a row tells whether it is still the one that was written. lock, leave: statements that keep others
    away, and that drop the rows.
    """

    content: str
    name: str
    table: str
    condition: str
    identity: str
    lock: str
    leave: str


def move(database: Database, store: ObjectStore, part: Part, month: date) -> ObjectAddress | None:
    """Move rows into a file of the month; None if there was none, or if they changed meanwhile: then the next time.

    ArchiveDiffers; what the store raises.
    """
    with tempfile.TemporaryDirectory(prefix="archive-") as scratch:
        file = Path(scratch) / "rows.parquet"
        with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            seen = _fingerprint(connection, part)
            written = parquet.write(connection, part.table, part.condition, file)
            connection.rollback()
        address = put(database, store, file, part.content, part.name, month, written) if written.rows else None
    with database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS}"))
        connection.execute(text(part.lock))
        if _fingerprint(connection, part) != seen:
            log.info("%s changed while it was archived: left for the next time", part.name)
            return None
        if address:
            connection.execute(update(ColdFile).where(ColdFile.uri == str(address)).values(state=KEPT))
        connection.execute(text(part.leave))
    return address


def put(
    database: Database, store: ObjectStore, file: Path, content: str, name: str, month: date, written: Content
) -> ObjectAddress:
    """Write a file that has begun to be one of the archive, read it back and compare: ArchiveDiffers."""
    key = f"{COLD}{content}/{month.isoformat()[:7]}/{name}-{written.checksum[:12]}.parquet"
    address = ObjectAddress(store.bucket, key)
    values = {"uri": str(address), "content": content, "month": month, "state": BEGUN}
    with database.transaction() as session:
        session.execute(insert(ColdFile).values(values | {"rows": written.rows, "checksum": written.checksum}))
    store.upload(address, file, lambda _: None)
    got = downloaded(store, address, parquet.content_of)
    if got != written:
        raise ArchiveDiffers(address, written, got)
    return address


def sweep(database: Database, store: ObjectStore) -> None:
    """Delete what an archiver that died has begun, or had no time to delete."""
    with database.transaction() as session:
        left = list(session.scalars(select(ColdFile).where(ColdFile.state != KEPT)))
    for row in left:
        store.delete(ObjectAddress.split(row.uri))
        with database.transaction() as session:
            session.delete(row)


def downloaded(store: ObjectStore, address: ObjectAddress, use: Callable[[Path], Result]) -> Result:
    """What `use` makes of a copy of the object."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
        with closing(store.stream(address, store.stat(address).etag)) as blocks:
            for block in blocks:
                copy.write(block)
        copy.flush()
        return use(Path(copy.name))


def first_of(moment: datetime) -> date:
    """The first day of a moment's month."""
    return moment.date().replace(day=1)


def _fingerprint(connection: Connection, part: Part) -> tuple[int, int]:
    """How many rows a part has, and a sum over their identities."""
    hashed = f"coalesce(sum(hashtextextended({part.identity}, 0)::numeric), 0)"
    query = f"SELECT count(*), {hashed} FROM {part.table} AS part WHERE {part.condition}"  # noqa: S608
    rows, total = connection.execute(text(query)).one()
    return int(rows), int(total)
