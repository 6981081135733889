"""Pieces of a stream: whole records, cut by the text alone."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.batch.formats.csv_gz import gunzipped
from common.batch.formats.csv_text import parse_header
from common.errors import UnreadableInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from scorer.csv import cutting
from scorer.csv.cutting import Cutter, pieces
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import CutInsideRecord, score_text
from support.stand_ins.memory_store import MemoryStore

NOW = datetime(2017, 6, 1, 12, tzinfo=UTC)
TEXT = b"head\n" + b"".join(b"%d,%s\n" % (n, b"x" * (n % 17)) for n in range(200)) + b"last,no end"


def blocks(text: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


@given(block=st.integers(1, 300), size=st.integers(30, 400))
def test_pieces_join_to_the_text_and_do_not_depend_on_the_blocks(block: int, size: int) -> None:
    found = list(pieces(blocks(TEXT, block), 5, size, 10_000, "x"))
    assert b"".join(found) == TEXT[5:]
    assert all(piece.endswith(b"\n") for piece in found[:-1])
    assert found == list(pieces(iter([TEXT]), 5, size, 10_000, "x"))
    assert max(map(len, found)) <= size


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_wherever_a_file_is_cut_its_chunks_give_what_the_whole_gives(
    end: bytes, sample_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every chunk size, so every cut: after a BOM, in line ends, in quoted line breaks that look like rows."""
    header = b"\xef\xbb\xbfcustomer_lat,note,seller_zip_code_prefix,customer_lng\n"
    lines = [b"-23.5,x,9350,-46.5", b'-22.9,"a ""b""', b'1,2,3,4",9350,-43.2', b"", b"abroad,\xc3\xa9,9350,-46.5"]
    lines += [b'-12.1,"', b"", b'",77,1e1', b"-23.5,y", b"-23.5,z,09350,-46.5"]
    text = (header + b"\n".join(lines)).replace(b"\n", end)
    head = parse_header(text, "x", whole=True)
    predictor, layout = Predictor(sample_bundle), Layout.of(head.names)
    store = MemoryStore()
    source = store.given("x.csv", text, "csv")
    monkeypatch.setattr(cutting, "WINDOW_BYTES", 7)

    def scored(ranges: list[tuple[int, int]]) -> bytes:
        return b"".join(score_text(text[start:stop], layout, predictor, NOW).body for start, stop in ranges)

    whole = scored([(head.length, len(text))])
    refused = 0
    for size in range(1, len(text)):
        cutter = Cutter(store, source, head, size, 1_000)
        assert scored(cutter.scanned()) == whole
        guessed = cutter.guessed()
        try:
            assert guessed is None or scored(guessed) == whole
        except CutInsideRecord:
            refused += 1
    assert refused


def test_a_record_longer_than_a_piece_stays_whole() -> None:
    text = b"a\n" + b"y" * 500 + b"\nb\nc\n"
    assert list(pieces(blocks(text, 7), 0, 100, 1_000, "x")) == [b"a\n", b"y" * 500 + b"\n", b"b\nc\n"]


def test_a_record_beyond_the_limit_is_refused() -> None:
    with pytest.raises(UnreadableInput, match=r"orders\.csv has a record longer than 300 bytes"):
        list(pieces(blocks(b"y" * 5_000, 7), 0, 100, 300, "orders.csv"))


@given(cut=st.integers(0, len(TEXT)), block=st.integers(1, 50))
def test_gzip_members_become_one_text(cut: int, block: int) -> None:
    packed = gzip.compress(TEXT[:cut]) + gzip.compress(TEXT[cut:])
    assert b"".join(gunzipped(blocks(packed, block), "x")) == TEXT


def test_gzip_that_stops_early_is_refused() -> None:
    with pytest.raises(UnreadableInput, match="is cut off"):
        list(gunzipped(blocks(gzip.compress(TEXT)[:-9], 50), "x"))


def test_a_gzip_bomb_comes_in_small_texts() -> None:
    packed = gzip.compress(bytes(20_000_000))
    assert max(map(len, gunzipped(blocks(packed, 1_000), "x"))) <= 4_000
