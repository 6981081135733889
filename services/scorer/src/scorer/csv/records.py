"""Where the records of a CSV text end, with quoted line breaks, CRLF and stray quotes. Arrays in, arrays out."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

NEWLINE, RETURN, QUOTE = b'\n\r"'

WINDOW_BYTES = 2**21
"""How much is looked at in one go. Arrays over it, eight bytes for a line break or a quote, bound the memory."""

QUOTES_AT_ONCE = 2**16


class RecordTooLong(Exception):
    """A record goes on beyond the limit, or a quote is never closed."""


@dataclass(frozen=True)
class Records:
    """The records of a text that starts at the start of one.

    ends: int64 (n,), the position of the line break that ends each record.
    lines: int64 (m,), every line break, also those inside quotes.
    open_quote: the text ends inside a quoted field.
    plain: every quote opens or closes a whole field, so that any CSV reader agrees on what the fields are.
    """

    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    open_quote: bool
    plain: bool


def records(text: bytes | memoryview, delimiter: str = ",") -> Records:
    """Find the records of a text that starts at the start of one."""
    view = np.frombuffer(text, dtype=np.uint8)
    lines = np.flatnonzero(view == NEWLINE)
    quotes = np.flatnonzero(view == QUOTE)
    if not len(quotes):
        return Records(lines, lines, open_quote=False, plain=True)
    plain = _all_enclose_fields(view, quotes, ord(delimiter))
    if not plain:
        quotes = _enclosing(view, quotes, ord(delimiter))
    inside = np.searchsorted(quotes, lines) & 1
    return Records(lines[inside == 0], lines, open_quote=bool(len(quotes) & 1), plain=plain)


def open_quote(text: bytes, delimiter: str) -> int:
    """Where the quote is that a text ends in, which starts at the start of a record."""
    view = np.frombuffer(text, dtype=np.uint8)
    return int(_enclosing(view, np.flatnonzero(view == QUOTE), ord(delimiter))[-1])


def windows(text: bytes | memoryview, delimiter: str, longest: int) -> Iterator[tuple[int, Records]]:
    """Where a piece of the text starts, and the records that end in it, piece by piece; a record starts each of them.

    The last piece may end in a record without its line break. RecordTooLong beyond `longest` bytes.
    """
    view, start, size = memoryview(text), 0, WINDOW_BYTES
    while start < len(view):
        found = records(view[start : start + size], delimiter)
        if not len(found.ends) and start + size < len(view):
            if size > longest:
                raise RecordTooLong
            size = min(2 * size, max(size, longest) + 1)
            continue
        yield start, found
        start, size = start + int(found.ends[-1]) + 1 if len(found.ends) else len(view), WINDOW_BYTES


def last_record_end(text: bytes | memoryview, delimiter: str, longest: int) -> int:
    """Length of the whole records at the head of a text that starts at the start of one; 0 if there is none."""
    end = 0
    for start, found in windows(text, delimiter, longest):
        end = start + int(found.ends[-1]) + 1 if len(found.ends) else end
    return end


def _all_enclose_fields(view: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int) -> bool:
    """Whether every odd quote starts a field (or follows one: an escaped quote) and every even one ends a field."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = view[opening[opening > 0] - 1]
    after = view[closing[closing + 1 < len(view)] + 1]
    starts = (before == delimiter) | (before == NEWLINE) | (before == QUOTE)
    ends = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
    return bool(starts.all() and ends.all())


def _enclosing(view: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: int) -> NDArray[np.int64]:
    """Only the quotes that open or close a field: one in the middle of an unquoted field is an ordinary character."""
    kept = array("q")
    inside = False
    skip = -1
    parts = (quotes[at : at + QUOTES_AT_ONCE].tolist() for at in range(0, len(quotes), QUOTES_AT_ONCE))
    for position in chain.from_iterable(parts):
        if position == skip:
            continue
        if not inside:
            if position and view[position - 1] not in (delimiter, NEWLINE):
                continue
        elif position + 1 < len(view) and view[position + 1] == QUOTE:
            skip = position + 1
            continue
        inside = not inside
        kept.append(position)
    return np.array(kept, dtype=np.int64)
