"""CSV files, plain or packed: their header."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from common.batch.formats.columns import NEEDED_COLUMNS, check_columns
from common.batch.formats.decimals import decimal_mark
from common.batch.formats.format import Format, InputObject
from common.batch.prefixes import partitions
from common.errors import UnreadableInput
from common.orders.fields import location_faults
from common.orders.names import spelt
from common.servers.objects import ObjectAddress, ObjectStore

HEAD_BYTES = 256 * 1024
"""The header line of a CSV file must fit; ten thousand columns do."""

DELIMITERS = ",;\t|"
LONGEST_CHARACTER = 4
INVISIBLE = "\ufeff\u200b"
"""Marks that a name may begin with unseen: those of byte orders, where files were joined, and of no width."""

OTHERS = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip, packed twice",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"ARROW1": "Arrow",
    b"SQLite": "a SQLite database",
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANK_LINES = re.compile(rb"([ \t]*\r?\n)*")
SEPARATOR_LINE = re.compile(rb"(?i:sep)=([,;\t|])[ \t]*\r?\n")
"""A first line by which spreadsheets know what separates the columns; the header comes after it."""

PADDED: dict[str, Any] = {"skipinitialspace": True}
"""`a, b, "c"`: blanks after a delimiter are no part of a name."""

Unpacking = Callable[[Iterable[bytes], str], Iterator[bytes]]
"""Packed blocks and the name of their object to the text inside, in pieces of bounded size.

Raises UnreadableInput if the blocks are damaged, CutOff if they end too early.
"""


class EmptyFile(UnreadableInput):
    """A file without a byte of text: under a prefix, others may have the rows."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "is empty: it needs a header line and rows")


class CutOff(UnreadableInput):
    """A packed file that ends too early."""

    def __init__(self, where: str, packing: str) -> None:
        super().__init__(where, f"is cut off: the {packing} stream has no end. Upload it again")


@dataclass(frozen=True)
class Header:
    """The header of a CSV file: column names, its bytes, its line end, and where the records begin.

    delimiter: what separates the columns. lines: physical lines before the first record. decimal: the mark in numbers.
    not_utf8: where in the text the first byte is that is not UTF-8, as far as was looked; None if all are.
    """

    names: list[str]
    text: bytes
    line_end: bytes
    length: int
    delimiter: str = ","
    lines: int = 1
    decimal: str = "."
    not_utf8: int | None = None


@dataclass(frozen=True)
class CsvFormat(Format):
    """CSV text; `unpack` gives the text of a packed file."""

    unpack: Unpacking | None = None

    def check(self, store: ObjectStore, found: InputObject) -> list[str]:
        """Check the header line."""
        header, notes = self.read_header(store, found), []
        if header.delimiter != ",":
            notes.append(f"the columns of {found.address} are separated by {header.delimiter!r}")
        if header.decimal != ".":
            notes.append(f"the numbers of {found.address} have decimal commas, and so have the predictions")
        if header.not_utf8 is not None:
            notes.append(
                f"{found.address} is not UTF-8 (from byte {header.not_utf8:,} on): texts pass through as they are, but "
                "one that a prediction needs costs its row"
            )
        return notes

    def read_header(self, store: ObjectStore, found: InputObject) -> Header:
        """The header of an object of this format; MissingColumns, UnreadableInput."""
        where = str(found.address)
        if found.size == 0:
            raise EmptyFile(where)
        head = store.head(found.address, HEAD_BYTES)
        whole = found.size <= len(head)
        return parse_header(*self._unpacked(head, whole, where), partitions(found.folder), found.address)

    def _unpacked(self, head: bytes, whole: bool, where: str) -> tuple[bytes, str, bool]:
        """The first bytes inside, their object, and whether they are all there is."""
        if self.unpack is None:
            return head, where, whole
        text = bytearray()
        try:
            for piece in self.unpack([head], where):
                text += piece
                if len(text) >= HEAD_BYTES:
                    break
        except CutOff:
            if whole:
                raise
        if whole and not text:
            raise EmptyFile(where)
        return bytes(text[:HEAD_BYTES]), where, whole and len(text) < HEAD_BYTES


def parse_header(
    head: bytes,
    where: str,
    whole: bool,
    in_path: Mapping[str, str | None] = MappingProxyType({}),
    address: ObjectAddress | None = None,
) -> Header:
    """The header of an input of predictions, see `header_of`. in_path, address: see check_columns."""
    given = set(in_path)
    by_path = not location_faults(given.intersection(NEEDED_COLUMNS))

    def fits(names: Sequence[str]) -> bool:
        columns = given.union(spelt(names, NEEDED_COLUMNS)).intersection(NEEDED_COLUMNS)
        return not by_path and not location_faults(columns)

    header = header_of(head, where, whole, fits)
    header = replace(header, names=spelt(header.names, NEEDED_COLUMNS))
    check_columns(header.names, where, in_path, address)
    return header


def header_of(head: bytes, where: str, whole: bool, fits: Callable[[Sequence[str]], bool]) -> Header:
    """The header that `head`, the first bytes of a CSV file, starts with; `whole` if there are no more bytes.

    fits: whether names are those of the columns wanted, which shows what separates them. UnreadableInput.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableInput(where, "is UTF-16: save it as UTF-8")
    if b"\x00" in head.partition(b"\n")[0]:
        raise _binary(where, head)
    if b"\r" in head and b"\n" not in head:
        raise UnreadableInput(where, "ends its lines with a carriage return alone: save it with \\n or \\r\\n")
    mark = BYTE_ORDER_MARK if head.startswith(BYTE_ORDER_MARK) else b""
    start = len(mark) + len(BLANK_LINES.match(head, len(mark))[0])  # type: ignore[index]  # it matches nothing too
    if told := SEPARATOR_LINE.match(head, start):
        start = told.end()
    elif whole and not head[start:].strip():
        raise EmptyFile(where)
    end = _first_record_end(head, start)
    if end < 0 and not whole and len(head) >= HEAD_BYTES:
        raise UnreadableInput(where, f"has no line end in its first {HEAD_BYTES:,} bytes: a header line must fit there")
    length = len(head) if end < 0 else end + 1
    text = head[start:length].rstrip(b"\r\n")
    not_utf8 = _first_odd_byte(head, whole)
    try:
        names, delimiter = _columns(_decoded(text), fits)
    except csv.Error as error:
        raise UnreadableInput(where, f"has a header that is not CSV ({error})") from error
    if not fits(names) and (b"\x00" in head or (not_utf8 is not None and head.startswith(tuple(OTHERS)))):
        raise _binary(where, head)
    line_end = head[start + len(text) : length]
    decimal = decimal_mark(head[length:].decode(errors="replace"), names, delimiter)
    return Header(names, mark + text, line_end, length, delimiter, head.count(b"\n", 0, length), decimal, not_utf8)


def _binary(where: str, head: bytes) -> UnreadableInput:
    """What a file without readable columns is, as far as its first bytes say."""
    kind = next((f": it looks like {kind}" for magic, kind in OTHERS.items() if head.startswith(magic)), "")
    if not kind and max(head[::2].count(0), head[1::2].count(0)) > len(head) // 4:
        return UnreadableInput(where, "is UTF-16: save it as UTF-8")
    return UnreadableInput(where, f"is binary, not CSV text{kind}")


def _decoded(names: bytes) -> str:
    """A header line that is not UTF-8 is read as Windows writes it: names of facts may have accents."""
    try:
        return names.decode()
    except UnicodeDecodeError:
        return names.decode("cp1252", errors="replace")


def _first_odd_byte(head: bytes, whole: bool) -> int | None:
    """Where UTF-8 ends; None if it does not, or within the last character of a part."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start if whole or error.start < len(head) - LONGEST_CHARACTER else None
    return None


def _columns(text: str, fits: Callable[[Sequence[str]], bool]) -> tuple[list[str], str]:
    """The names in a header line, and what separates them: a comma, unless names fit only when it is something else."""
    split = {
        delimiter: [
            name.strip().lstrip(INVISIBLE)
            for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **PADDED), [])
        ]
        for delimiter in DELIMITERS
    }
    fitting = [delimiter for delimiter, names in split.items() if fits(names)]
    chosen = fitting[0] if len(fitting) == 1 else DELIMITERS[0]
    return split[chosen], chosen


def _first_record_end(head: bytes, start: int) -> int:
    """Where the first line break outside quotes is; -1 if there is none."""
    position = head.find(b"\n", start)
    while position >= 0 and head.count(b'"', start, position) % 2:
        position = head.find(b"\n", position + 1)
    return position
