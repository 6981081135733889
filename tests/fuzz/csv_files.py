"""Made-up CSV files: every dialect, and texts that are none. Not part of `make test` (see `make fuzz`)."""

import csv
import gzip
import io
from dataclasses import dataclass

import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from common.errors import DeliveryTimeError
from common.model.predictor import Predictor
from support.fuzzed_columns import COLUMNS, NUMBERS, OLD, needed, texts
from support.fuzzing import made_up
from support.scorer.in_process import Result, scored
from support.stand_ins.memory_store import MemoryStore

ADDED = 4


def result_of(predictor: Predictor, name: str, body: bytes, chunk_bytes: int = 2**20) -> Result:
    store = MemoryStore(block_bytes=13)
    store.keep(name, body)
    return scored(store, name, predictor, chunk_bytes)


@dataclass(frozen=True)
class Way:
    """How a file is cut into chunks, and packed."""

    chunk_bytes: int
    ending: str


WAYS = st.builds(Way, st.sampled_from([1, 7, 64, 200]), st.sampled_from(["gz", "zst"]))
PACKING = {"gz": gzip.compress, "zst": zstandard.compress}


def same_in_every_way(predictor: Predictor, body: bytes, way: Way) -> Result:
    """The result of a file, which is the same however it is cut and packed."""
    whole = result_of(predictor, "in.csv", body)
    packed = f"in.csv.{way.ending}", PACKING[way.ending](body)
    for name, text in (("in.csv", body), packed):
        other = result_of(predictor, name, text, way.chunk_bytes)
        assert with_one_line_end(other.body) == with_one_line_end(whole.body), name
        for fact in ("rows", "rows_failed", "errors"):
            assert getattr(other, fact) == getattr(whole, fact), name
    return whole


def with_one_line_end(body: bytes) -> bytes:
    """Blank lines are left out, and where they have another line end than the records, one of the two is kept."""
    return body.replace(b"\r\n", b"\n")


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    quoting: int
    line_end: str
    mark: bool
    blank_before: int
    last_line_end: bool
    decimal: str


DIALECTS = st.builds(
    Dialect,
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    blank_before=st.integers(0, 2),
    last_line_end=st.booleans(),
    decimal=st.sampled_from(".,"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Column names and records of texts; the needed columns are there, in any order."""
    further = draw(st.lists(TEXTS.filter(str.strip), max_size=3, unique=True))
    names = draw(st.permutations([*draw(needed()), *(name for name in further if name.lower() not in COLUMNS)]))
    values = [texts(name, TEXTS) for name in names]
    return list(names), draw(st.lists(st.tuples(*values).map(list), min_size=1, max_size=6))


def written(names: list[str], records: list[list[str]], dialect: Dialect) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=dialect.delimiter,
        quoting=dialect.quoting,
        lineterminator=dialect.line_end,  # type: ignore[arg-type]
    )
    writer.writerow(names)
    writer.writerows(records)
    body = text.getvalue()
    body = body if dialect.last_line_end else body.removesuffix(dialect.line_end)
    return (b"\xef\xbb\xbf" if dialect.mark else b"") + (dialect.line_end * dialect.blank_before + body).encode()


def read(body: bytes, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(2**30)
    text = io.StringIO(body.decode().removeprefix("\ufeff"), newline="")
    return [record for record in csv.reader(text, delimiter=delimiter) if record]


@made_up()
@given(table=tables(), dialect=DIALECTS, way=WAYS)
def test_a_table_in_any_dialect_comes_back_whole(
    predictor: Predictor, table: tuple[list[str], list[list[str]]], dialect: Dialect, way: Way
) -> None:
    names, records = table
    assume(dialect.delimiter not in "".join(names) and '"' not in "".join(names) and "\n" not in "".join(names))
    if dialect.decimal == ",":
        records = [[v.replace(".", ",") if n in NUMBERS else v for n, v in zip(names, r, strict=True)] for r in records]
    body = written(names, records, dialect)
    try:
        result = same_in_every_way(predictor, body, way)
    except DeliveryTimeError as error:
        assert "prediction" in str(error) or "more than once" in str(error), error
        return
    out = read(result.body, dialect.delimiter)
    assert [name.strip() for name in out[0][:-ADDED]] == [name.strip() for name in names]
    assert [record[:-ADDED] for record in out[1:]] == records
    assert result.rows == len(records)
    for record in out[1:]:
        *_, days, low, high, reason = record
        assert (days == low == high == "") == bool(reason), record
    assert result.rows_failed == sum(bool(record[-1]) for record in out[1:])
    assert [error["row"] for error in result.errors] == [row for row, record in enumerate(out) if row and record[-1]]


HEADERS = {mark: mark.join([*OLD, "note"]).encode() for mark in ",;\t|"}
PIECES = st.sampled_from(
    [b"9350,-23.5,-46.5,", b"1001,-22.9,-43.2,y\n", b"x", b'"', b'""', b'"a\nb"', b",", b";", b"\n", b"\r\n", b"\r",
     b"\\", b'\\"', b"\x00", b"\xff", b"\xc3", "ã".encode(), b" ", b"\t", b"'", b"=1+1", b"\x1a", b"\xef\xbb\xbf",
     b"-23,5", b"1e308", "\u2028".encode(), b"\x85", b"\x0b", b"\x0c"]
)  # fmt: skip
REFUSALS = ("has no rows", "binary", "UTF-8", "carriage return")


def records_of(text: bytes, delimiter: int) -> list[bytes]:
    """The records of a text that are not blank, without their line ends: a quote opens a field at its start alone."""
    found, start, inside, at_field = [], 0, False, True
    opened = position = 0
    while True:
        if position == len(text):
            if not inside or (position := text.find(b"\n", opened)) < 0:
                break
            inside = False  # the quote that is open is never closed: its line is a record
        byte = text[position]
        if inside:
            if byte == 34:
                if text[position + 1 : position + 2] == b'"':
                    position += 1
                else:
                    inside = False
        elif byte == 34 and at_field:
            inside, opened = True, position
        elif byte == 10:
            found.append(text[start:position])
            start = position + 1
        at_field = not inside and byte in (10, delimiter)
        position += 1
    found.append(text[start:])
    return [record for record in (line.removesuffix(b"\r") for line in found) if record]


@made_up()
@given(pieces=st.lists(PIECES, max_size=14), delimiter=st.sampled_from(",;\t|"), way=WAYS)
def test_whatever_a_text_holds_no_record_is_lost_and_each_has_an_answer(
    predictor: Predictor, pieces: list[bytes], delimiter: str, way: Way
) -> None:
    text = b"".join(pieces)
    if delimiter != ",":
        text = text.replace(b",", delimiter.encode())
    try:
        result = same_in_every_way(predictor, HEADERS[delimiter] + b"\n" + text, way)
    except DeliveryTimeError as error:
        assert any(why in str(error) for why in REFUSALS), error
        return
    given_records, own = records_of(text, ord(delimiter)), records_of(result.body, ord(delimiter))[1:]
    assert len(given_records) == len(own) == result.rows
    for before, after in zip(given_records, own, strict=True):
        assert_holds(after, before, delimiter.encode())


def assert_holds(after: bytes, before: bytes, delimiter: bytes) -> None:
    """The record as it was and four fields more; one of a wrong width may have been quoted anew."""
    head, reason = split_off_added(after, delimiter)
    answered = head.rpartition(delimiter)[2] != b""
    assert answered != bool(reason), after
    given_part = delimiter.join(head.split(delimiter)[:-3]) if not reason else head[: -3 * len(delimiter)]
    if given_part != before:
        assert b"columns where the header has" in reason or b"never closed" in reason, (before, after)
        for word in before.replace(b'"', b" ").replace(delimiter, b" ").split():
            assert word in given_part, (before, after)


def split_off_added(record: bytes, delimiter: bytes) -> tuple[bytes, bytes]:
    """A record without its last field, the reason, and that reason: in quotes if there is one."""
    if not record.endswith(b'"'):
        assert record.endswith(delimiter)
        return record[:-1], b""
    at = len(record) - 1
    while True:
        at = record.rindex(b'"', 0, at)
        if record[at - 1 : at] == b'"':
            at -= 1
            continue
        if record[at - 1 : at] == delimiter:
            return record[: at - 1], record[at:]
