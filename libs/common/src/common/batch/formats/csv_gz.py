"""CSV files packed with gzip, of one member or several (RFC 1952)."""

import zlib
from collections.abc import Iterable, Iterator

from common.batch.formats.csv_text import CsvFormat, CutOff
from common.errors import UnreadableInput

GZIP = 31
"""zlib's number for the largest window and a gzip header."""


def gunzipped(blocks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """The text inside, in pieces of up to four times the size of their block."""
    inflater, begun = zlib.decompressobj(wbits=GZIP), False
    for block in blocks:
        rest = block
        while rest:
            if inflater.eof:
                rest = rest.lstrip(b"\0")  # tapes and block devices fill up with zeros
                if not rest:
                    break
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


CSV_GZ = CsvFormat("csv.gz", ".csv.gz", result=".csv", reading="stream", magic=(b"\x1f\x8b",), unpack=gunzipped)
