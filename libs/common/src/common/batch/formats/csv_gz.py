"""CSV files packed with gzip, of one member or several (RFC 1952)."""

import zlib
from collections.abc import Iterable, Iterator

from common.batch.formats.csv_text import CsvFormat, CutOff
from common.errors import UnreadableInput

MAGIC = b"\x1f\x8b"
PADDING = b"\0\t\n\r "
"""Tapes and block devices fill up with zeros, and editors end files with a line."""

GZIP = 31
"""zlib's number for the largest window and a gzip header."""


def gunzipped(blocks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """The text inside, in pieces of up to four times the size of their block."""
    inflater, begun = zlib.decompressobj(wbits=GZIP), False
    for block in blocks:
        rest = block
        while rest:
            if inflater.eof:
                rest = rest.lstrip(PADDING)
                if not rest:
                    break
                if not MAGIC.startswith(rest[:2]):
                    raise UnreadableInput(where, f"has something else behind its gzip data: {rest[:10]!r}")
                inflater = zlib.decompressobj(wbits=GZIP)
            try:
                text = inflater.decompress(rest, 4 * len(block))
            except zlib.error as error:
                kind = "is damaged gzip" if begun else "is damaged gzip, or none"
                raise UnreadableInput(where, f"{kind} ({error})") from error
            if text:
                begun = True
                yield text
            rest = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise CutOff(where, "gzip")


CSV_GZ = CsvFormat("csv.gz", ".csv.gz", result=".csv", reading="stream", magic=(MAGIC,), unpack=gunzipped)
