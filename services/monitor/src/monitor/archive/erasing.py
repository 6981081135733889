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
from common.servers.objects import ObjectAddress, ObjectStore
from monitor.archive import parquet
from monitor.archive.files import KEPT, REPLACED, downloaded, put


def erase_archived(database: Database, store: ObjectStore) -> int:
    """Look through every file for the orders that were erased since the last time; how many files were written again.

    Every file is read, whatever was erased: ids are random, and no index of them is kept.
    """
    with database.transaction() as session:
        order_ids = erasures.archived(session)
        kept = list(session.scalars(select(ColdFile).where(ColdFile.state == KEPT))) if order_ids else []
    written = sum(_without(database, store, file, order_ids) for file in kept)
    with database.transaction() as session:
        erasures.archive_is_clean(session, order_ids)
    return written


def _without(database: Database, store: ObjectStore, file: ColdFile, order_ids: list[str]) -> bool:
    """Write a file again without these orders; False if it holds none of them."""
    old = ObjectAddress.split(file.uri)
    with tempfile.TemporaryDirectory(prefix="archive-") as scratch:
        new = Path(scratch) / "rows.parquet"
        downloaded(store, old, lambda copy: _write_without(copy, new, order_ids))
        content = parquet.content_of(new)
        if content.rows == file.rows:
            return False
        name = old.key.rpartition("/")[2].rpartition("-")[0]
        address = put(database, store, new, file.content, name, file.month, content) if content.rows else None
    with database.transaction() as session:
        session.execute(update(ColdFile).where(ColdFile.uri == file.uri).values(state=REPLACED))
        if address:
            session.execute(update(ColdFile).where(ColdFile.uri == str(address)).values(state=KEPT))
    return True


def _write_without(file: Path, target: Path, order_ids: list[str]) -> None:
    erased = pa.array(order_ids, pa.string())
    with pq.ParquetFile(file) as source, pq.ParquetWriter(target, source.schema_arrow, compression="zstd") as writer:
        for batch in source.iter_batches():
            others = pc.invert(pc.is_in(batch.column("order_id"), erased))
            writer.write_batch(batch.filter(others))
