"""Orders that were erased leave the archive too: a file that holds one is written again without it."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select, update

from common.database import erasures
from common.database.session import Database
from common.database.tables import ColdFile
from common.errors import DeliveryTimeError
from common.servers.objects import ObjectAddress, ObjectStore
from monitor.archive import parquet
from monitor.archive.files import KEPT, REPLACED, downloaded, put


def erase_archived(database: Database, store: ObjectStore) -> int:
    """Look through every file for the orders that were erased since the last time; how many files were written again.
    ExceptionGroup, once the rest is done, if files cannot be read: they are looked through again the next time.

    Of every file the ids are read, whatever was erased: they are random, and no index of them is kept.
    """
    with database.transaction() as session:
        order_ids = erasures.archived(session)
        kept = list(session.scalars(select(ColdFile).where(ColdFile.state == KEPT))) if order_ids else []
    written, unread = 0, []
    for file in kept:
        try:
            written += _without(database, store, file, order_ids)
        except (DeliveryTimeError, pa.ArrowException, OSError) as error:
            error.add_note(file.uri)
            unread.append(error)
    if unread:
        raise ExceptionGroup("files of the archive cannot be looked through for erased orders", unread)
    with database.transaction() as session:
        erasures.archive_is_clean(session, order_ids)
    return written


def _without(database: Database, store: ObjectStore, file: ColdFile, order_ids: list[str]) -> bool:
    """Write a file again without these orders; False if it holds none of them."""
    old, erased = ObjectAddress.split(file.uri), pa.array(order_ids, pa.string())
    with tempfile.TemporaryDirectory(prefix="archive-") as scratch:
        new = Path(scratch) / "rows.parquet"
        if not downloaded(store, old, lambda copy: _holds(copy, erased) and _write_without(copy, new, erased)):
            return False
        content = parquet.content_of(new)
        name = old.key.rpartition("/")[2].rpartition("-")[0]
        address = put(database, store, new, file.content, name, file.month, content) if content.rows else None
    with database.transaction() as session:
        session.execute(update(ColdFile).where(ColdFile.uri == file.uri).values(state=REPLACED))
        if address:
            session.execute(update(ColdFile).where(ColdFile.uri == str(address)).values(state=KEPT))
    return True


def _holds(file: Path, erased: pa.Array) -> bool:
    """Whether one of these orders is in the file; most files hold none, and one column says so."""
    with pq.ParquetFile(file) as source:
        batches = source.iter_batches(columns=["order_id"])
        return any(pc.any(pc.is_in(batch.column(0), erased)).as_py() for batch in batches)


def _write_without(file: Path, target: Path, erased: pa.Array) -> bool:
    with pq.ParquetFile(file) as source, pq.ParquetWriter(target, source.schema_arrow, compression="zstd") as writer:
        for batch in source.iter_batches():
            others = pc.invert(pc.is_in(batch.column("order_id"), erased))
            writer.write_batch(batch.filter(others))
    return True
