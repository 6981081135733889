"""CSV files scored by a running worker."""

import csv
import gzip
import io

import pytest

from scorer_rig import CHUNK_BYTES, Rig, csv_file

pytestmark = pytest.mark.usefixtures("worker")


def rows_of(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def test_every_row_comes_back_in_order_with_a_prediction_or_a_reason(rig: Rig) -> None:
    text = csv_file(9_000)
    assert len(text) > 3 * CHUNK_BYTES
    body = rig.wait(rig.submit(rig.put("in/many.csv", text)))
    assert (body["status"], body["error"]) == ("succeeded", None)
    assert (body["rows_total"], body["rows_done"], body["rows_failed"]) == (9_000, 9_000, 90)
    assert (body["progress"], body["model_version"]) == (1.0, "1")
    assert [entry["row"] for entry in body["errors"]] == list(range(100, 2001, 100))
    assert [entry["line"] for entry in body["errors"]] == list(range(101, 2002, 100))
    for before, after in zip(text.splitlines()[1:], rig.output(body).splitlines()[1:], strict=True):
        assert after.startswith(before + b",")
    for number, row in enumerate(rows_of(rig.output(body))):
        if number % 100 == 99:
            assert row["prediction"] == row["prediction_lower"] == row["prediction_upper"] == ""
            assert row["error"] == "customer_lat is not a number (got 'abroad')"
        else:
            assert 0 <= float(row["prediction_lower"]) <= float(row["prediction"]) <= float(row["prediction_upper"])
            assert row["error"] == ""
    assert rig.uploads() == []


def test_gzip_gives_the_same_as_plain(rig: Rig) -> None:
    text = csv_file(6_000)
    plain = rig.submit(rig.put("in/same.csv", text))
    packed = rig.submit(rig.put("in/same.csv.gz", gzip.compress(text[:100_000]) + gzip.compress(text[100_000:])))
    first, second = rig.wait(plain), rig.wait(packed)
    assert second["status"] == "succeeded", second
    assert rig.output(second) == rig.output(first)
    assert second["errors"] == first["errors"]
