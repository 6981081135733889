"""CSV files packed with Zstandard (RFC 8878): one frame or several, skippable ones too, as `zstd -d` takes them."""

from collections.abc import Iterable, Iterator

from common.batch.formats.csv_text import CsvFormat, CutOff
from common.errors import UnreadableInput

SLICE_BYTES = 1_024
"""What is unpacked at once: 128 KiB of text may come of every four bytes."""


def unpacked(blocks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """The text inside, in pieces of up to 32 MiB."""
    from zstandard import ZstdDecompressor, ZstdError  # comes with the first packed file

    frames = ZstdDecompressor()
    frame, begun = frames.decompressobj(), False
    for block in blocks:
        for start in range(0, len(block), SLICE_BYTES):
            rest = block[start : start + SLICE_BYTES]
            while rest:
                if frame.eof:
                    frame = frames.decompressobj()
                try:
                    text = frame.decompress(rest)
                except ZstdError as error:
                    kind = "is damaged zstd" if begun else "is damaged zstd, or none"
                    raise UnreadableInput(where, f"{kind} ({error})") from error
                rest = frame.unused_data
                begun = begun or bool(text)
                if text:
                    yield text
    if not frame.eof:
        raise CutOff(where, "zstd")


CSV_ZST = CsvFormat(
    "csv.zst", ".csv.zst", result=".csv", reading="stream", magic=(b"\x28\xb5\x2f\xfd",), unpack=unpacked
)
