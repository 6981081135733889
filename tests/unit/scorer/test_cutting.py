"""Pieces of a stream: whole records, cut by the text alone."""

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import UnreadableInput
from scorer.cutting import gunzipped, pieces

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


def test_a_record_longer_than_a_piece_stays_whole() -> None:
    text = b"a\n" + b"y" * 500 + b"\nb\nc\n"
    assert list(pieces(blocks(text, 7), 0, 100, 1_000, "x")) == [b"a\n", b"y" * 500 + b"\n", b"b\nc\n"]


def test_a_record_beyond_the_limit_is_refused() -> None:
    with pytest.raises(UnreadableInput, match=r"orders\.csv has a record longer than 300 bytes"):
        list(pieces(blocks(b"y" * 5_000, 7), 0, 100, 300, "orders.csv"))


@given(cut=st.integers(0, len(TEXT)), block=st.integers(1, 50))
def test_gzip_members_become_one_text(cut: int, block: int) -> None:
    packed = gzip.compress(TEXT[:cut]) + gzip.compress(TEXT[cut:])
    seen: list[int] = []
    assert b"".join(gunzipped(blocks(packed, block), "x", seen.append)) == TEXT
    assert sum(seen) == len(packed)


def test_gzip_that_stops_early_is_refused() -> None:
    with pytest.raises(UnreadableInput, match="is cut off"):
        list(gunzipped(blocks(gzip.compress(TEXT)[:-9], 50), "x", lambda _: None))


def test_a_gzip_bomb_comes_in_small_texts() -> None:
    packed = gzip.compress(bytes(20_000_000))
    assert max(map(len, gunzipped(blocks(packed, 1_000), "x", lambda _: None))) <= 4_000
