"""Score row groups of a Parquet object into a Parquet part file, batch by batch."""

import io
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from common.batch.formats.columns import ADDED_COLUMNS, NEEDED_COLUMNS
from common.batch.prefixes import partitions
from common.errors import DeliveryTimeError
from common.model.answers.columns import columns_of, types_of
from common.model.answers.further import Further, refuse_taken
from common.model.answers.wishes import wishes_of
from common.model.predictor import Predictor
from common.orders.names import spelt
from common.orders.validation import validate
from common.servers.objects import ObjectStore
from scorer.jobs.progress import Progress
from scorer.jobs.source import Source
from scorer.parquet.batches import BATCH_ROWS, batches
from scorer.parquet.input import check_facts, open_parquet, unreadable, wishes_in
from scorer.parquet.texts import plain
from scorer.rows.constants import constant
from scorer.rows.decimals import with_points
from scorer.rows.outcome import ERRORS_KEPT, RowError

PART_BYTES = 8 * 2**20
"""An upload's parts but the last must have 5 MiB."""


TYPE_NAME = b"ARROW:extension:"


class PartSink(io.RawIOBase):
    """Takes what a Parquet writer writes and hands it on in parts; offsets go on counting from the file's start."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[bytes] = []
        self._position = 0
        self.waiting = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, block: Any) -> int:
        self._blocks.append(bytes(block))
        size = len(self._blocks[-1])
        self._position += size
        self.waiting += size
        return size

    def take(self) -> bytes:
        """All that was written since the last call."""
        body, self._blocks, self.waiting = b"".join(self._blocks), [], 0
        return body


def score_row_groups(
    store: ObjectStore, source: Source, predictor: Predictor, progress: Progress, limited: bool
) -> None:
    """Score row groups [start, end) and upload the part file piece by piece; counts and first bad rows in `progress`.

    Unbounded, before anything else, unless the memory of this process is `limited`. UnreadableInput if a page is
    damaged; what the store raises.
    """
    file = open_parquet(store, source.object, opened_before=True)
    check_facts(file.schema_arrow, str(source.object.address), predictor.reading)
    sink = PartSink()
    try:
        in_path = partitions(source.folder)
        further = source.further.wished_by([*wishes_in(file.schema_arrow), *in_path])
        refuse_taken(further, file.schema_arrow.names, str(source.object.address))
        schema = _plain_schema(file.schema_arrow)
        for name in ADDED_COLUMNS[:3]:
            schema = schema.append(pa.field(name, pa.float64()))
        schema = schema.append(pa.field(ADDED_COLUMNS[3], pa.string()))
        for name, kind in zip(further.columns, types_of(further), strict=True):
            schema = schema.append(pa.field(name, kind))
        with pq.ParquetWriter(sink, schema) as writer, closing(batches(store, file, source, limited)) as read:
            for batch in read:
                scored = _scored(batch, in_path, predictor, progress, schema, further)
                writer.write_table(scored, row_group_size=BATCH_ROWS)
                if sink.waiting >= PART_BYTES:
                    progress.upload(sink.take())
        progress.upload(sink.take())
    except (DeliveryTimeError, MemoryError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise unreadable(str(source.object.address), error) from error


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """The columns without what their writer noted for itself: Spark reads its own note, and not the columns.

    The names of types that are unknown here are no such notes: whoever knows them reads them again.
    """
    return pa.schema(
        [
            field.with_metadata(
                {key: text for key, text in (field.metadata or {}).items() if key.startswith(TYPE_NAME)}
            )
            for field in schema
        ]
    )


def _scored(
    batch: pa.RecordBatch,
    in_path: Mapping[str, str | None],
    predictor: Predictor,
    progress: Progress,
    schema: pa.Schema,
    further: Further,
) -> pa.Table:
    outcome = progress.outcome
    reading = predictor.reading
    more = (*reading.further, *further.wishes)
    columns, broken = _needed(batch, (*NEEDED_COLUMNS, *more))
    values = with_points(columns | constant(in_path, len(batch), more), reading.numeric)
    checked, wishes = wishes_of(values, validate(values, progress.now, reading, broken), reading.clock)
    predicted = predictor.predict(checked.orders)
    days = [
        pa.array(_spread(values, checked.good, predictor.decimals), from_pandas=True)
        for values in (predicted.days, predicted.lower_days, predicted.upper_days)
    ]
    reasons = pa.array([checked.reasons.get(row) for row in range(len(batch))], pa.string())
    kept = [RowError(outcome.rows + row + 1, reason) for row, reason in checked.reasons.items()]
    outcome.errors += kept[: ERRORS_KEPT - len(outcome.errors)]
    outcome.rows += len(batch)
    outcome.rows_failed += len(checked.reasons)
    added = columns_of(further, predictor, checked.orders, predicted, checked.good, wishes)
    return pa.Table.from_arrays([*batch.columns, *days, reasons, *added], schema=schema)


def _needed(batch: pa.RecordBatch, wanted: Sequence[str]) -> tuple[dict[str, pa.Array], dict[int, str]]:
    """The columns of a batch that a prediction needs, and the rows that cannot be read, with their reasons."""
    columns: dict[str, pa.Array] = {}
    broken: dict[int, str] = {}
    for at, name in enumerate(spelt(batch.schema.names, wanted)):
        if name in wanted and name not in columns:
            columns[name], wrong = plain(batch.column(at))
            broken |= dict.fromkeys(wrong, f"{name} is not UTF-8 text")
    return columns, broken


def _spread(days: NDArray[np.float64], good: NDArray[np.bool_], decimals: int) -> NDArray[np.float64]:
    """Days with these decimals for the good rows, in order, NaN for the others."""
    result = np.full(len(good), np.nan)
    result[good] = np.round(days, decimals)
    return result
