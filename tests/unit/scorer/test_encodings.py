"""Texts in other encodings, and bytes that are no text: they pass through, and cost the rows that need them."""

import gzip
import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from support.scorer.inputs import HEAD, Score, written


def unchecked(*texts: bytes) -> pa.Array:
    """Texts of whatever bytes."""
    return pc.cast(pa.array(texts, pa.binary()), options=pc.CastOptions(pa.string(), allow_invalid_utf8=True))


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "gb18030"])
def test_text_of_another_encoding_passes_through_as_it_is(score: Score, ending: str, encoding: str) -> None:
    name, value = ("能", "東京 表示") if encoding in ("shift_jis", "gb18030") else ("ação", "São Paulo")
    text = f"{HEAD.decode()[:-1]},{name}\n9350,-23.5,-46.5,{value}\n1001,-22.9,-43.2,x\n".encode(encoding)
    found = score(f"a.{ending}", **{f"a.{ending}": gzip.compress(text) if ending == "csv.gz" else text})
    assert (found.rows, found.rows_failed) == (2, 0)
    given, lines = text.splitlines(), found.body.splitlines()
    assert [line.rsplit(b",", 4)[0] for line in lines] == given
    assert (
        f"is not UTF-8 (from byte {len(HEAD) + max(name.find('ç'), 0)} on): texts pass through as they are"
        in found.notes[0]
    )


def test_a_text_of_another_encoding_that_a_prediction_needs_costs_its_row(score: Score) -> None:
    head = b"destination_region," + HEAD[:-1].replace(b"customer_lat,customer_lng", b"note") + b"\n"
    rows = ["SP,9350,São", "São Paulo,9350,ok", "RJ,1001,\xa0"]
    found = score("a.csv", **{"a.csv": head + "\n".join(rows).encode("latin-1")})
    assert (found.rows, found.rows_failed) == (3, 1)
    assert found.errors[0]["reason"] == "the row is not UTF-8 text in destination_region: save the file as UTF-8"
    assert found.body.splitlines()[2].startswith("São Paulo,9350,ok,,,,".encode("latin-1"))


def test_a_character_that_is_cut_in_the_middle_by_the_first_look_is_no_other_encoding(score: Score) -> None:
    line = "9350,-23.5,-46.5,€€€€€€€€\n".encode()
    for shift in range(3):
        text = HEAD[:-1] + b",note" + b"x" * shift + b"\n" + line * 9_000
        assert score("a.csv", **{"a.csv": text}).notes == []


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()], ids=str)
@pytest.mark.parametrize("repeated", [1, 50])
def test_bytes_that_are_no_text_cost_their_row_and_pass_through_elsewhere(
    score: Score, kind: pa.DataType, repeated: int
) -> None:
    """Impala marks no text as such; long texts that repeat are read as references to a dictionary."""
    odd = pa.array([b"SP", b"S\xe3o " * repeated, b"RJ"], pa.binary())
    column = pc.cast(odd, options=pc.CastOptions(kind, allow_invalid_utf8=True))
    body = written(destination_region=column, note=column, customer_lat=None, customer_lng=None)
    result = score("a.parquet", **{"a.parquet": body})
    assert (result.rows, result.rows_failed) == (3, 1)
    assert result.errors == [{"row": 2, "reason": "destination_region is not UTF-8 text"}]
    for name in ("destination_region", "note"):
        after = pq.read_table(io.BytesIO(result.body)).column(name).cast(pa.large_binary()).to_pylist()
        assert after == odd.to_pylist()


@pytest.mark.parametrize("name", ["customer_lat", "purchase_timestamp"])
def test_numbers_and_moments_of_other_bytes_cost_their_row(score: Score, name: str) -> None:
    good = b"-22.5" if name == "customer_lat" else b"2018-02-15"
    result = score("a.parquet", **{"a.parquet": written(**{name: unchecked(good, b"\xff", good)})})
    assert (result.rows, result.errors) == (3, [{"row": 2, "reason": f"{name} is not UTF-8 text"}])
