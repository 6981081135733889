"""Orders that were erased leave the history too, every version of it: models that learn later do not know them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.database import erasures
from common.database.session import Database
from common.servers.history import HistoryStore, Part


def erase_from_history(database: Database, history: HistoryStore) -> int:
    """Write each part again that holds an erased order, make the version without them the newest, and delete the parts;
    how many those were.

    Older versions that had them cannot be read any more: what is left of them is their names. Whenever this dies, it is
    begun again, as long as the archive has not been looked through (`common.database.erasures`).
    """
    with database.transaction() as session:
        order_ids = erasures.archived(session)
    if not order_ids:
        return 0
    erased = pa.array(order_ids, pa.string())
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        instead = dict(_written_again(history, erased, Path(scratch)))
    newest = history.newest()
    if newest and newest.parts & instead.keys():
        history.publish(newest.with_parts(instead), history.source_mark())
    for sha256 in instead:
        history.delete_part(sha256)
    return len(instead)


def _written_again(history: HistoryStore, erased: pa.Array, folder: Path) -> Iterator[tuple[str, Part]]:
    """The parts that hold one of the orders, each with what stands for it."""
    for sha256 in history.part_names():
        (file,) = history.download([Part(sha256=sha256, rows=0)], folder)
        month = pq.read_table(file)
        file.unlink()
        if "order_id" not in month.column_names:
            continue
        others = month.filter(pc.invert(pc.is_in(month["order_id"].cast(pa.string()), erased)))
        if len(others) < len(month):
            pq.write_table(others, file, compression="zstd")
            yield sha256, history.put_part(file, len(others))
            file.unlink()
