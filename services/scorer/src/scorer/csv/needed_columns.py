"""The columns that a prediction needs, out of a CSV text. The rest of each record is not looked at."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.csv as pa_csv

from common.batch.formats.csv_text import BYTE_ORDER_MARK
from common.orders.fields import INPUTS
from common.orders.names import ON_TIME_SHARE, spelt
from common.orders.reading import Reading
from scorer.csv.bodies import Bodies
from scorer.csv.records import Records
from scorer.csv.repair import to_width, wrong_width

EMPTY = ["", "\\N", "NULL"]
"""What databases write for no value, beside nothing at all."""
KINDS = {field.name: field.kind for field in INPUTS}
NUMBERS = {name for name, kind in KINDS.items() if kind == "number"} | {ON_TIME_SHARE}

WRONG_WIDTH = "CSV parse error: Expected"
"""How pyarrow's error begins where a record has another number of fields: reading the others as text does not help."""

RETURN_INSIDE = "the row has a carriage return in it that does not end it: put the field into quotes"


@dataclass(frozen=True)
class Layout:
    """How many columns a record has, the position of each by its name, and the values of those that the path names.

    delimiter: what separates the columns. decimal: the mark in most of the numbers.
    """

    columns: int
    positions: dict[str, int]
    in_path: Mapping[str, str | None] = field(default_factory=dict)
    delimiter: str = ","
    decimal: str = "."

    @classmethod
    def of(cls, names: Sequence[str]) -> "Layout":
        """The layout of a header that has passed common.batch.formats.columns.check_columns."""
        return cls(len(names), {name: at for at, name in reversed(list(enumerate(names)))})

    def read_by(self, reading: Reading, wishes: Sequence[str] = ()) -> "Layout":
        """The same with the columns alone that a prediction needs, or that ask for more."""
        needed = {*KINDS, *reading.further, *wishes}
        names = spelt([*self.positions], needed)
        positions = {name: at for name, at in zip(names, self.positions.values(), strict=True) if name in needed}
        return replace(self, positions=positions)


class GrowsTooMuch(Exception):
    """The result is many times as large as the text: most records lack columns, and get them, or are next to empty."""


@dataclass(frozen=True)
class NeededColumns:
    """n rows: an Arrow array for each needed column; `broken` has a reason for the rows that are no proper records,
    and `repaired` the text that has the right number of fields in place of theirs.
    """

    values: dict[str, pa.Array]
    broken: dict[int, str]
    repaired: dict[int, bytes]


def needed_columns(
    text: bytes, bodies: Bodies, found: Records, layout: Layout, room: int, numeric: Sequence[str] = ()
) -> NeededColumns:
    """Read the layout's columns of all records. numeric: the facts that are numbers.

    GrowsTooMuch if those of a wrong length would take more than `room` bytes to repair.
    """
    if layout.positions and found.plain and _reads_alike(text):
        read = _by_arrow(text, layout, numeric, quoted=b'"' in text)
        if read is not None and all(len(values) == len(bodies) for values in read.values.values()):
            return read
    return _record_by_record(bodies.records(), layout, room)


def _by_arrow(text: bytes, layout: Layout, numeric: Sequence[str], quoted: bool) -> NeededColumns | None:
    """Fast: the numbers straight from the text. None where records of a wrong length would shift the rows."""
    strings = dict.fromkeys(layout.positions, pa.string())
    parsed = {*NUMBERS, *numeric}
    if layout.decimal == ".":  # else 12,000 may be a fraction or not
        parsed |= {name for name, kind in KINDS.items() if kind == "whole"}
    numbers = {name: pa.float64() if name in parsed else pa.string() for name in layout.positions}
    for types in (numbers, strings):
        try:
            table = _read(text, layout, types, quoted)
        except pa.ArrowInvalid as error:
            if WRONG_WIDTH in str(error):
                return None
            continue
        values = {name: table.column(str(at)).combine_chunks() for name, at in layout.positions.items()}
        return NeededColumns(values, {}, {})
    return None


def _read(text: bytes, layout: Layout, types: dict[str, pa.DataType], quoted: bool) -> pa.Table:
    return pa_csv.read_csv(
        pa.BufferReader(text),
        read_options=pa_csv.ReadOptions(
            column_names=[str(at) for at in range(layout.columns)], use_threads=False, block_size=len(text) + 1
        ),
        parse_options=pa_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=quoted),
        convert_options=pa_csv.ConvertOptions(
            include_columns=[str(at) for at in layout.positions.values()],
            column_types={str(at): types[name] for name, at in layout.positions.items()},
            null_values=EMPTY,
            strings_can_be_null=True,
            decimal_point=layout.decimal,
        ),
    )


def _record_by_record(bodies: Iterable[bytes], layout: Layout, room: int) -> NeededColumns:
    """Exact, a microsecond or two a record: for texts with records of a wrong length, stray quotes or bad bytes.

    Bytes that are no UTF-8 cost their row where a prediction needs them, and pass through elsewhere.
    """
    values: dict[str, list[str | None]] = {name: [] for name in layout.positions}
    broken: dict[int, str] = {}
    repaired: dict[int, bytes] = {}
    for row, body in enumerate(bodies):
        fields: list[str] | None = None
        try:
            fields = next(csv.reader([body.decode(errors="surrogateescape")], delimiter=layout.delimiter))
        except csv.Error as error:
            broken[row] = RETURN_INSIDE if b"\r" in body else f"the row is not CSV ({error})"
        if fields is not None and len(fields) != layout.columns:
            broken[row] = wrong_width(body, len(fields), layout.columns)
            repaired[row] = to_width(body, layout.columns, layout.delimiter)
            room -= len(repaired[row])
            if room < 0:
                raise GrowsTooMuch
            fields = None
        elif fields is not None and (
            odd := [name for name, at in layout.positions.items() if not _is_utf8(fields[at])]
        ):
            broken[row] = f"the row is not UTF-8 text in {' and '.join(odd)}: save the file as UTF-8"
            fields = None
        for name, at in layout.positions.items():
            values[name].append(None if fields is None or fields[at] in EMPTY else fields[at])
    return NeededColumns({name: pa.array(column, pa.string()) for name, column in values.items()}, broken, repaired)


def _reads_alike(text: bytes) -> bool:
    """Whether no carriage return stands alone: Arrow would end a line there. It leaves out a byte order mark, too."""
    return not text.startswith(BYTE_ORDER_MARK) and (b"\r" not in text or text.count(b"\r") == text.count(b"\r\n"))


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
