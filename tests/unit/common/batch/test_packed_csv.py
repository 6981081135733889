"""Packed CSV files are read as the usual programs read them, and refused with the reason where those give up."""

import gzip
import struct
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from common.batch.formats import format_named
from common.batch.formats.csv_text import CsvFormat, Header
from common.errors import UnreadableInput
from support.stand_ins.memory_store import MemoryStore

TEXT = b"seller_zip_code_prefix,customer_lat,customer_lng\n" + b"9350,-23.5,-46.5\n" * 5_000
NAMES = ["seller_zip_code_prefix", "customer_lat", "customer_lng"]
SKIPPABLE = struct.pack("<II", 0x184D2A50, 3) + b"abc"
"""A frame that carries no text (RFC 8878, 3.1.2)."""

PACKING: dict[str, Callable[[bytes], bytes]] = {
    "csv.gz": gzip.compress,
    "csv.zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def unpacked(kind: str, packed: bytes, block: int = 300) -> bytes:
    form = format_named(kind)
    assert isinstance(form, CsvFormat)
    assert form.unpack is not None
    blocks = (packed[start : start + block] for start in range(0, len(packed), block))
    return b"".join(form.unpack(blocks, f"orders.{kind}"))


def header(kind: str, packed: bytes) -> Header:
    """What a submission reads."""
    form, store = format_named(kind), MemoryStore()
    assert isinstance(form, CsvFormat)
    return form.read_header(store, store.given(f"orders.{kind}", packed, kind))


@pytest.mark.parametrize("kind", PACKING)
@given(cut=st.integers(0, len(TEXT)), block=st.integers(1, 400))
def test_several_parts_one_behind_the_other_are_one_text(kind: str, cut: int, block: int) -> None:
    pack = PACKING[kind]
    assert unpacked(kind, pack(TEXT[:cut]) + pack(TEXT[cut:]), block) == TEXT


@pytest.mark.parametrize("kind", PACKING)
def test_the_header_is_found(kind: str) -> None:
    assert header(kind, PACKING[kind](TEXT)).names == NAMES


def test_frames_of_zstd_that_carry_no_text_are_skipped() -> None:
    pack = PACKING["csv.zst"]
    packed = SKIPPABLE + pack(TEXT[:70]) + SKIPPABLE + SKIPPABLE + pack(TEXT[70:]) + SKIPPABLE
    assert unpacked("csv.zst", packed, 7) == TEXT
    assert header("csv.zst", packed).names == NAMES


@pytest.mark.parametrize("kind", PACKING)
@pytest.mark.parametrize("missing", [1, 9, 40])
def test_a_file_that_stops_early_is_refused(kind: str, missing: int) -> None:
    packed = PACKING[kind](TEXT)[:-missing]
    for read in (unpacked, header):
        with pytest.raises(UnreadableInput, match=rf"orders\.{kind} is cut off: the \w+ stream has no end"):
            read(kind, packed)


@pytest.mark.parametrize("kind", PACKING)
def test_a_damaged_file_is_refused(kind: str) -> None:
    packed = bytearray(PACKING[kind](TEXT))
    packed[-6] ^= 0xFF
    with pytest.raises(UnreadableInput, match=rf"orders\.{kind} is damaged (gzip|zstd)"):
        unpacked(kind, bytes(packed))


@pytest.mark.parametrize("kind", PACKING)
def test_a_file_that_is_not_packed_is_refused_at_submission(kind: str) -> None:
    with pytest.raises(UnreadableInput, match=rf"orders\.{kind} is damaged (gzip|zstd), or none"):
        header(kind, TEXT)


def test_a_bomb_comes_in_pieces_that_fit_into_memory() -> None:
    packed = zstandard.ZstdCompressor(level=19).compress(bytes(400_000_000))
    form = format_named("csv.zst")
    assert isinstance(form, CsvFormat)
    assert form.unpack is not None
    assert max(map(len, form.unpack([packed], "x"))) <= 2**25
