"""Cut CSV text at record ends: a stream into pieces, an object into byte ranges."""

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

from common.batch.formats import InputObject
from common.batch.formats.csv_text import Header
from common.errors import UnreadableInput
from common.servers.objects import ObjectStore
from scorer.csv.records import RecordTooLong, last_record_end, windows

WINDOW_BYTES = 64 * 1024
"""How much is read around a planned cut to find the next line break."""

Ranges = list[tuple[int, int]]
"""Bytes [start, end) of each span."""


def pieces(
    blocks: Iterator[bytes], header: int, size: int, record_limit: int, where: str, delimiter: str = ","
) -> Iterator[bytes]:
    """Whole records in pieces of at most `size` bytes (or one longer record), without the header's bytes.

    The cuts depend on the text alone, not on how the blocks fall.
    """
    buffer = bytearray()
    to_skip = header
    for block in blocks:
        skipped = min(to_skip, len(block))
        to_skip -= skipped
        buffer += memoryview(block)[skipped:]
        try:
            while len(buffer) >= size and (cut := _cut(buffer, size, record_limit, delimiter)):
                yield bytes(memoryview(buffer)[:cut])
                del buffer[:cut]
        except RecordTooLong:
            raise too_long(where, record_limit) from None
        if len(buffer) > max(size, record_limit):
            raise too_long(where, record_limit)
    if buffer:
        yield bytes(buffer)


class Cutter:
    """Cuts a plain CSV object into spans of some `size` bytes."""

    def __init__(self, store: ObjectStore, given: InputObject, header: Header, size: int, record_limit: int) -> None:
        self._store = store
        self._given = given
        self._header = header
        self._size = size
        self._record_limit = record_limit

    def guessed(self) -> Ranges | None:
        """Spans from a look at each cut only. None if quotes are near, for they may hide line breaks: scan then.

        A quoted line break that no window shows is found when a chunk is scored, since that chunk then ends in an open
        quote: the first span starts at a record, and each that closes its quotes proves the start of the next.
        """
        cuts = [self._header.length]
        while cuts[-1] + self._size < self._given.size:
            cut = self._next_line(cuts[-1] + self._size)
            if cut is None:
                return None
            if cut >= self._given.size:
                break
            cuts.append(cut)
        return list(pairwise([*cuts, self._given.size]))

    def scanned(self) -> Ranges:
        """Spans from reading the whole object."""
        start, where = self._header.length, str(self._given.address)
        cuts = [start]
        with closing(self._store.stream(self._given.address, self._given.etag)) as blocks:
            for piece in pieces(blocks, start, self._size, self._record_limit, where, self._header.delimiter):
                cuts.append(cuts[-1] + len(piece))
        return list(pairwise(cuts)) or [(start, start)]

    def _next_line(self, position: int) -> int | None:
        """Where the first line from this position on ends; None if a quote is near."""
        end = position
        while end < self._given.size:
            if end - position > self._record_limit:
                raise too_long(str(self._given.address), self._record_limit)
            stop = min(end + WINDOW_BYTES, self._given.size)
            window = self._store.read(self._given.address, end, stop, self._given.etag)
            if b'"' in window:
                return None
            line_end = window.find(b"\n")
            if line_end >= 0:
                return end + line_end + 1
            end += len(window)
        return self._given.size


def too_long(where: str, limit: int) -> UnreadableInput:
    """The error of a record that no worker takes."""
    return UnreadableInput(where, f"has a record longer than {limit:,} bytes, or a quote that is never closed")


def _cut(buffer: bytearray, size: int, longest: int, delimiter: str) -> int:
    """The last record end within `size` bytes, else the first one beyond; 0 if there is none yet."""
    within = last_record_end(memoryview(buffer)[:size], delimiter, longest)
    if within:
        return within
    for _, found in windows(memoryview(buffer), delimiter, longest):
        return int(found.ends[0]) + 1 if len(found.ends) else 0
    return 0
