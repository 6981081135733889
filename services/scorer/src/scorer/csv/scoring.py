"""Score a CSV text: every record stays as it is and gets four more fields, and those that its job asks for."""

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.batch.formats.columns import ADDED_COLUMNS
from common.model.answers.columns import columns_of
from common.model.answers.further import NOTHING, PROBABILITY, PROBABILITY_DECIMALS, Further
from common.model.answers.wishes import wishes_of
from common.model.predictor import Predictor
from common.orders.validation import validate
from scorer.csv.bodies import Bodies, break_before
from scorer.csv.needed_columns import GrowsTooMuch, Layout, needed_columns
from scorer.csv.records import Records, records, windows
from scorer.csv.repair import NEVER_CLOSED, closed
from scorer.csv.room import Grown, enough
from scorer.rows.constants import constant
from scorer.rows.decimals import with_points
from scorer.rows.outcome import ERRORS_KEPT, Outcome, RowError, Scored

LONGEST_DAYS = 9_999.0
MOST_UNITS = 999_900
"""Of the last decimal, in one value: the texts of all are kept."""

BLOCK_RECORDS = 45_000
"""What is computed of a block of bad or tiny rows takes some 40 MiB; a window of usual ones makes two blocks."""

RESULT_BYTES = 144 * 2**20
"""What the result of a text may take: that of 16 MiB, the chunk of a file, takes some 40, and 130 of bad rows alone."""


class CutInsideRecord(Exception):
    """The text ends inside a quoted field."""


def header_line(text: bytes, line_end: bytes, delimiter: str = ",") -> bytes:
    """The header of the result."""
    return delimiter.encode().join([text, *(name.encode() for name in ADDED_COLUMNS)]) + (line_end or b"\n")


def score_text(
    text: bytes,
    layout: Layout,
    predictor: Predictor,
    now: datetime,
    longest: int = 4 * 2**20,
    complete: bool = False,
    further: Further = NOTHING,
    head: bytes = b"",
    grown: Grown = enough,
) -> Scored:
    """Score whole records (no header) of up to `longest` bytes. head: what the result begins with.

    complete: the text ends where its file does, so a quote that is open there is never closed, which costs its row.
    CutInsideRecord if the last record of another text is not whole; RecordTooLong; GrowsTooMuch.
    """
    layout = layout.read_by(predictor.reading, further.wishes)
    outcome, body = Outcome(), io.BytesIO()
    body.write(head)
    for block, broken in _blocks(text, layout.delimiter, longest, complete):
        scored = _score_block(block, broken, layout, predictor, now, RESULT_BYTES - body.tell(), further)
        outcome.add(scored)
        body.write(scored.body)
        if body.tell() > RESULT_BYTES:
            raise GrowsTooMuch
        grown(body.tell())
    return Scored(body.getvalue(), outcome.rows, outcome.rows_failed, outcome.lines, outcome.errors)


def _blocks(text: bytes, delimiter: str, longest: int, complete: bool) -> Iterator[tuple[bytes, dict[int, str]]]:
    """The text cut at record ends, and why a row of a block is broken: what a block needs stays small and in cache."""
    for start, found in windows(text, delimiter, longest):
        if not len(found.ends):
            if not found.open_quote:
                yield text[start:], {}
            elif complete:
                broken, others = closed(text[start:], delimiter)
                yield broken, {0: NEVER_CLOSED}
                yield from _blocks(others, delimiter, longest, complete)
            else:
                raise CutInsideRecord
            return
        ends = found.ends + 1
        for begin, end in pairwise([0, *ends[BLOCK_RECORDS - 1 : -1 : BLOCK_RECORDS].tolist(), int(ends[-1])]):
            yield text[start + begin : start + end], {}


def _score_block(
    text: bytes,
    broken: dict[int, str],
    layout: Layout,
    predictor: Predictor,
    now: datetime,
    room: int,
    further: Further,
) -> Scored:
    if not text.endswith(b"\n"):
        text += b"\n"
    found = records(text, layout.delimiter)
    bodies = Bodies.of(text, found)
    if not len(bodies):
        return Scored(b"", 0, 0, len(found.lines), [])
    reading = predictor.reading
    read = needed_columns(text, bodies, found, layout, room, reading.numeric)
    given = read.values | constant(layout.in_path, len(bodies), (*reading.further, *further.wishes))
    values = with_points(given, reading.numeric, layout.decimal)
    checked, wishes = wishes_of(values, validate(values, now, reading, read.broken | broken), reading.clock)
    predicted = predictor.predict(checked.orders)
    days = (predicted.days, predicted.lower_days, predicted.upper_days)
    outputs = [_texts(each, checked.good, layout.decimal, predictor.decimals) for each in days]
    added = [
        _as_texts(column, layout.decimal, PROBABILITY_DECIMALS if name == PROBABILITY else predictor.decimals)
        for name, column in zip(
            further.columns,
            columns_of(further, predictor, checked.orders, predicted, checked.good, wishes),
            strict=True,
        )
    ]
    last = int(found.ends[bodies.numbers[-1]])
    tail = b"\r\n" if text[last - 1 : last] == b"\r" else b"\n"
    body = _joined(bodies, read.repaired, outputs, checked.reasons, added, layout.delimiter, tail)
    errors = [
        RowError(row + 1, reason, int(np.searchsorted(found.lines, _start(found, int(bodies.numbers[row])))) + 1)
        for row, reason in list(checked.reasons.items())[:ERRORS_KEPT]
    ]
    return Scored(body, len(bodies), len(checked.reasons), len(found.lines), errors)


def _start(found: Records, record: int) -> int:
    return int(found.ends[record - 1]) + 1 if record else 0


def _as_texts(column: pa.Array, mark: str, decimals: int) -> pa.Array:
    """A further column as fields of CSV, empty where null."""
    if pa.types.is_floating(column.type):
        return _texts(column.drop_null().to_numpy(), column.is_valid().to_numpy(zero_copy_only=False), mark, decimals)
    return pc.fill_null(column.cast(pa.string()), "").cast(pa.large_binary())


def _texts(days: NDArray[np.float64], good: NDArray[np.bool_], mark: str, decimals: int) -> pa.Array:
    """Days with these decimals for the good rows, in order, and nothing for the others."""
    unit = 10**decimals
    units = np.rint(np.minimum(days, min(LONGEST_DAYS, MOST_UNITS / unit)) * unit).astype(np.int32) + 1
    table = _with_decimals(int(units.max(initial=1)).bit_length(), mark.encode(), decimals)
    if len(units) < len(good):
        spread = np.zeros(len(good), dtype=np.int32)
        spread[good] = units
        units = spread
    return table.take(pa.array(units))


@lru_cache
def _with_decimals(bits: int, mark: bytes, decimals: int) -> pa.Array:
    """Entry n + 1 is n of the last decimal's units as text, entry 0 is empty."""
    unit = 10**decimals
    texts = (b"%d%b%0*d" % (n // unit, mark, decimals, n % unit) for n in range(2**bits))
    return pa.array([b"", *texts], pa.large_binary())


def _joined(
    bodies: Bodies,
    repaired: Mapping[int, bytes],
    outputs: list[pa.Array],
    reasons: dict[int, str],
    added: list[pa.Array],
    delimiter: str,
    tail: bytes,
) -> bytes:
    """The records with the outputs, the reason and what is added behind each; `tail` ends the last one."""
    errors: pa.Array | pa.Scalar = pa.scalar(b"", pa.large_binary())
    if reasons:
        texts = np.full(len(bodies), b"", dtype=object)
        for row, reason in reasons.items():
            texts[row] = b'"' + reason.replace('"', '""').encode() + b'"'
        errors = pa.array(texts, pa.large_binary())
    mark = pa.scalar(delimiter.encode(), pa.large_binary())
    joined = pc.binary_join_element_wise(bodies.with_records(repaired), *outputs, errors, *added, mark)
    first = np.frombuffer(joined.buffers()[1], dtype=np.int64)
    body = memoryview(joined.buffers()[2])[first[joined.offset] : first[joined.offset + len(joined)]]
    return b"".join([body[break_before(int(bodies.numbers[0]), bytes(body[:2])) :], tail])
