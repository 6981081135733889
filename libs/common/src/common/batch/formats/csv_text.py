"""CSV files, plain or packed: their header."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from common.batch.formats.columns import check_columns
from common.batch.formats.format import Format, InputObject
from common.batch.prefixes import partitions
from common.errors import UnreadableInput
from common.servers.objects import ObjectAddress, ObjectStore

HEAD_BYTES = 256 * 1024
"""The header line of a CSV file must fit; ten thousand columns do."""

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
    """The header of a CSV file: column names, its bytes, its line end, and the length of both."""

    names: list[str]
    text: bytes
    line_end: bytes
    length: int


@dataclass(frozen=True)
class CsvFormat(Format):
    """CSV text; `unpack` gives the text of a packed file."""

    unpack: Unpacking | None = None

    def check(self, store: ObjectStore, found: InputObject) -> None:
        """Check the header line."""
        self.read_header(store, found)

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
        return bytes(text[:HEAD_BYTES]), where, False


def parse_header(
    head: bytes,
    where: str,
    whole: bool,
    in_path: Mapping[str, str | None] = MappingProxyType({}),
    address: ObjectAddress | None = None,
) -> Header:
    """The header that `head`, the first bytes of a CSV file, starts with; `whole` if there are no more bytes.

    in_path, address: see check_columns.
    """
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableInput(where, "is UTF-16: save it as UTF-8")
    if b"\x00" in head:
        raise UnreadableInput(where, "is binary, not CSV text")
    if b"\r" in head and b"\n" not in head:
        raise UnreadableInput(where, "ends its lines with a carriage return alone: save it with \\n or \\r\\n")
    end = _first_record_end(head)
    if end < 0 and not whole and len(head) >= HEAD_BYTES:
        raise UnreadableInput(where, f"has no line end in its first {HEAD_BYTES:,} bytes: a header line must fit there")
    length = len(head) if end < 0 else end + 1
    text = head[:length].rstrip(b"\r\n")
    try:
        names = next(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")), [])
    except UnicodeDecodeError as error:
        raise UnreadableInput(where, "is not UTF-8 text: save it as UTF-8") from error
    except csv.Error as error:
        raise UnreadableInput(where, f"has a header that is not CSV ({error})") from error
    check_columns(names, where, in_path, address)
    return Header(names, text, head[len(text) : length], length)


def _first_record_end(head: bytes) -> int:
    """Where the first line break outside quotes is; -1 if there is none."""
    position = head.find(b"\n")
    while position >= 0 and head.count(b'"', 0, position) % 2:
        position = head.find(b"\n", position + 1)
    return position
