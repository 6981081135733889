"""Cut CSV text at record ends: a stream into pieces, an object into byte ranges."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise

from common.batch.inputs import CUT_OFF, Header, InputObject
from common.errors import UnreadableInput
from scorer.csv.records import last_record_end, records
from scorer.jobs.store import read_range, read_stream

WINDOW_BYTES = 64 * 1024
"""How much is read around a planned cut to find the next line break."""


def pieces(blocks: Iterator[bytes], header: int, size: int, record_limit: int, where: str) -> Iterator[bytes]:
    """Whole records in pieces of at most `size` bytes (or one longer record), without the header's bytes.

    The cuts depend on the text alone, not on how the blocks fall.
    """
    buffer = bytearray()
    to_skip = header
    for block in blocks:
        skipped = min(to_skip, len(block))
        to_skip -= skipped
        buffer += memoryview(block)[skipped:]
        while len(buffer) >= size and (cut := _cut(buffer, size)):
            yield bytes(memoryview(buffer)[:cut])
            del buffer[:cut]
        if len(buffer) > max(size, record_limit):
            raise too_long(where, record_limit)
    if buffer:
        yield bytes(buffer)


def gunzipped(blocks: Iterator[bytes], where: str, consumed: Callable[[int], None]) -> Iterator[bytes]:
    """The text inside gzip blocks (several members too); UnreadableInput if damaged or cut off."""
    inflater = zlib.decompressobj(wbits=31)
    for block in blocks:
        rest = block
        while rest:
            if inflater.eof:
                inflater = zlib.decompressobj(wbits=31)
            try:
                text = inflater.decompress(rest, 4 * len(block))
            except zlib.error as error:
                raise UnreadableInput(where, f"is damaged gzip ({error})") from error
            if text:
                yield text
            rest = inflater.unconsumed_tail or inflater.unused_data
        consumed(len(block))
    if not inflater.eof:
        raise UnreadableInput(where, CUT_OFF)


def guessed_ranges(source: InputObject, header: Header, size: int, record_limit: int) -> list[tuple[int, int]] | None:
    """Byte ranges from a look at each cut only. None if quotes are near, for they may hide line breaks: scan then.

    A quoted line break that no window shows is found when a chunk is scored, since that chunk then ends in an open
    quote: the first range starts at a record, and each that closes its quotes proves the start of the next.
    """
    cuts = [header.length]
    while cuts[-1] + size < source.size:
        cut = _next_line(source, cuts[-1] + size, record_limit)
        if cut is None:
            return None
        if cut >= source.size:
            break
        cuts.append(cut)
    return list(pairwise([*cuts, source.size]))


def scanned_ranges(source: InputObject, header: Header, size: int, record_limit: int) -> list[tuple[int, int]]:
    """Byte ranges from reading the whole object."""
    cuts = [header.length]
    with closing(read_stream(source)) as blocks:
        for piece in pieces(blocks, header.length, size, record_limit, str(source.address)):
            cuts.append(cuts[-1] + len(piece))
    return list(pairwise(cuts)) or [(header.length, header.length)]


def too_long(where: str, limit: int) -> UnreadableInput:
    """The error of a record that no worker takes."""
    return UnreadableInput(where, f"has a record longer than {limit:,} bytes, or a quote that is never closed")


def _next_line(source: InputObject, position: int, record_limit: int) -> int | None:
    end = position
    while end < source.size:
        if end - position > record_limit:
            raise too_long(str(source.address), record_limit)
        window = read_range(source, end, min(end + WINDOW_BYTES, source.size))
        if b'"' in window:
            return None
        found = window.find(b"\n")
        if found >= 0:
            return end + found + 1
        end += len(window)
    return source.size


def _cut(buffer: bytearray, size: int) -> int:
    """The last record end within `size` bytes, else the first one beyond; 0 if there is none yet."""
    within = last_record_end(memoryview(buffer)[:size])
    if within:
        return within
    ends = records(memoryview(buffer)).ends
    return int(ends[0]) + 1 if len(ends) else 0
