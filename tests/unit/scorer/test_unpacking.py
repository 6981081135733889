"""Packed text that unpacks to absurdly more than it is packed in ends its job."""

import gzip
from collections.abc import Iterator

import pytest

from common.batch.formats import format_named
from common.batch.formats.csv_text import CsvFormat
from common.errors import UnreadableInput
from scorer.readers import streams
from scorer.readers.streams import Counted, limited


def unpacked(packed: bytes, most: int) -> Iterator[bytes]:
    kind = format_named("csv.gz")
    assert isinstance(kind, CsvFormat)
    assert kind.unpack
    blocks = Counted(packed[start : start + 1_000] for start in range(0, len(packed), 1_000))
    return limited(kind.unpack(blocks, "a file"), blocks, most, "a file")


def test_a_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FREE_BYTES", 1_000_000)
    bomb = gzip.compress(bytes(20_000_000))
    with pytest.raises(UnreadableInput, match="unpacks to more than 200 times its size"):
        sum(map(len, unpacked(bomb, 2**40)))
    assert sum(map(len, unpacked(gzip.compress(bytes(900_000)), 2**40))) == 900_000


def test_what_no_upload_has_parts_for_is_refused() -> None:
    with pytest.raises(UnreadableInput, match="unpacks to more than 1,000 bytes"):
        sum(map(len, unpacked(gzip.compress(b"9350,-23.5,-46.5\n" * 100), 1_000)))
