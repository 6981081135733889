"""How a text file is written: its encoding and its delimiter, where they are beyond doubt."""

import codecs
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from trainer.sources.errors import UnusableSource

HEAD_BYTES = 256 * 1024
"""The delimiter is told by the rows in these."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LOOKED_AT = 50
"""Rows by which a first row is taken for a title."""

RAGGED = 0.9
"""Share of the rows that must have as many fields as the header."""

BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Dialect:
    """Encoding by Python's name, delimiter, and the column names of the first row."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What differs from plain comma-separated UTF-8."""
        odd = [] if self.delimiter == "," else [f"delimiter: {DELIMITERS.get(self.delimiter, repr(self.delimiter))}"]
        return (*odd, *([] if self.encoding.startswith("utf-8") else [f"encoding: {self.encoding}"]))


def encoding_of(name: str, blocks: Iterable[bytes]) -> str:
    """UTF-8 where every byte of the blocks is; else latin-1 or its superset cp1252; UnusableSource if neither."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    found, is_first = "utf-8", True
    high: set[int] = set()
    for block in blocks:
        if is_first:
            bom = next((encoding for mark, encoding in BOMS.items() if block.startswith(mark)), None)
            if bom == "utf-16":
                return bom
            found, is_first = bom or found, False
        if found != "latin-1":
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                found = "latin-1"
        if found == "latin-1":
            high |= set(block) & set(range(0x80, 0xA0))
    if not high:
        return found
    try:
        bytes(high).decode("cp1252")
    except UnicodeDecodeError:
        raise UnusableSource(name, 'is neither UTF-8 nor Western European: write encoding = "…" in [orders]') from None
    return "cp1252"


def delimiter_of(name: str, head: str) -> str:
    """The delimiter with which header and rows have the same number of fields; UnusableSource when two do."""
    widths = {delimiter: _widths(head, delimiter) for delimiter in DELIMITERS}
    split = {delimiter: rows for delimiter, rows in widths.items() if rows and rows[0] > 1}
    even = [delimiter for delimiter, rows in split.items() if len(set(rows)) == 1]
    fitting = even or [delimiter for delimiter, rows in split.items() if rows.count(rows[0]) >= RAGGED * len(rows)]
    if len(fitting) > 1:
        both = " and ".join(DELIMITERS[delimiter] for delimiter in fitting)
        raise UnusableSource(name, f'{both} both fit as delimiter: write delimiter = "{fitting[0]}" (or the other)')
    return fitting[0] if fitting else max(split, key=lambda delimiter: split[delimiter][0], default=",")


def header_of(name: str, head: str, delimiter: str) -> tuple[str, ...]:
    """The first row's names; UnusableSource when there is none, a name stands twice, or most columns lack one."""
    reader = csv.reader(head.splitlines(keepends=True), delimiter=delimiter)
    header, rows = next(reader, []), list(islice(reader, LOOKED_AT))
    names = tuple(column.strip() for column in header)
    if not any(names):
        raise UnusableSource(name, "is empty: export the orders again, with the column names in the first row")
    unnamed = [place for place, column in enumerate(names) if not column]
    filled = sum(any(row[place].strip() for place in unnamed if place < len(row)) for row in rows)
    if len(unnamed) > len(names) / 2 and filled > len(rows) / 2:
        title = next(filter(None, names))
        raise UnusableSource(name, f"has no column names in its first row ({title!r}): remove the rows above them")
    twice = sorted({column for column in names if column and names.count(column) > 1})
    if twice:
        raise UnusableSource(name, f"has two columns named {', '.join(twice)}: rename or remove one of them")
    return names


def _widths(head: str, delimiter: str) -> list[int]:
    """Fields of each whole row of the head; blank rows do not count."""
    try:
        rows = [row for row in csv.reader(head.splitlines(keepends=True), delimiter=delimiter) if row]
    except csv.Error:
        return []
    return [len(row) for row in rows]
