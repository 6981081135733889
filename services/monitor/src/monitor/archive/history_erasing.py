"""Orders that were erased leave the history too, every version of it: models that learn later do not know them."""

import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.database import erasures
from common.database.session import Database
from common.errors import DamagedHistory
from common.servers.history import HistoryStore, Part

CLOCKS = timedelta(minutes=1)
"""That of the object store may be behind the database's."""


def erase_from_history(database: Database, history: HistoryStore) -> int:
    """Write each part again that holds an erased order, and every version that has one of them; how many parts.
    ExceptionGroup, once the rest is done, if parts cannot be read: they may hold one too.

    All parts are looked through for an order that was erased since the last time. For a day after it those are that
    were written since: by a training, say, that had begun before. Whenever this dies, it is begun again, as long as the
    archive has not been looked through (`common.database.erasures`).
    """
    with database.transaction() as session:
        new, known = set(erasures.archived(session)), erasures.asked(session)
    if not known:
        return 0
    unread: list[DamagedHistory] = []
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        instead = dict(_written_again(history, new, known, Path(scratch), unread))
    if instead:
        history.replace_parts(instead)
    if unread:
        raise ExceptionGroup("parts of the history cannot be looked through for erased orders: delete them", unread)
    return len(instead)


def _written_again(
    history: HistoryStore, new: set[str], known: Mapping[str, datetime], folder: Path, unread: list[DamagedHistory]
) -> Iterator[tuple[str, Part]]:
    """The parts that hold one of the orders, each with what stands for it; `unread` gets what is wrong with others."""
    for sha256, written in history.part_names().items():
        erased = new | {order_id for order_id, asked_at in known.items() if asked_at < written + CLOCKS}
        if not erased:
            continue
        try:
            (file,) = history.download([Part(sha256=sha256, rows=0)], folder)
        except DamagedHistory as error:
            unread.append(error)
            continue
        month = pq.read_table(file)
        file.unlink()
        if "order_id" not in month.column_names:
            continue
        others = month.filter(pc.invert(pc.is_in(month["order_id"].cast(pa.string()), pa.array(erased, pa.string()))))
        if len(others) < len(month):
            pq.write_table(others, file, compression="zstd")
            yield sha256, history.put_part(file, len(others))
            file.unlink()
