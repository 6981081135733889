"""A row of a file may say what a request may say of an order after its purchase; what cannot be costs the row."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.orders.clock import Clock
from common.orders.reading import Reading
from common.orders.validation import Validated, validate
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import score_text

NOW = datetime(2018, 5, 1, tzinfo=UTC)
BOUGHT = "2018-01-10T12:00:00"
COLUMNS = ["seller_zip_code_prefix", "customer_lat", "customer_lng", "purchase_timestamp"]
LATER = ["shipped_timestamp", "under_way_at"]


def validated(*rows: tuple[str | None, str | None], zone: str = "UTC") -> Validated:
    """Orders bought at the same moment, each with its hand-over and the moment at which it was under way."""
    columns = {
        "seller_zip_code_prefix": pa.array([9350] * len(rows)),
        "purchase_timestamp": pa.array([BOUGHT] * len(rows)),
    }
    columns |= {name: pa.array([-23.5] * len(rows)) for name in ("customer_lat", "customer_lng")}
    columns |= {name: pa.array(each, pa.string()) for name, each in zip(LATER, zip(*rows, strict=True), strict=True)}
    return validate(columns, NOW, Reading(Clock(zone)))


@pytest.mark.parametrize(
    ("shipped", "under_way", "reason"),
    [
        ("2018-01-10T11:59:59", None, "shipped_timestamp must not be before the purchase"),
        ("2018-05-02", None, "shipped_timestamp must not be in the future"),
        (None, "2018-01-10", "under_way_at must not be before the purchase"),
        ("2018-01-12", "2018-01-11", "under_way_at must not be before the hand-over"),
        ("yesterday", "2018-01-11", "shipped_timestamp is not an ISO 8601 time from 2000 to 2099 (got 'yesterday')"),
    ],
)
def test_a_moment_that_cannot_be_costs_its_row_alone(shipped: str | None, under_way: str | None, reason: str) -> None:
    found = validated((None, None), (shipped, under_way), ("2018-01-11", "2018-01-12"))
    assert list(found.reasons) == [1]
    assert reason in found.reasons[1]
    shipped_then = found.orders.later["shipped_timestamp"]
    assert np.isnat(shipped_then[0])
    assert str(shipped_then[1]) == "2018-01-11T00:00:00"


def test_they_are_on_the_shop_s_clock_without_a_zone() -> None:
    found = validated(("2018-01-11", "2018-01-12T00:00:00Z"), zone="Etc/GMT+3")
    assert str(found.orders.later["shipped_timestamp"][0]) == "2018-01-11T03:00:00"
    assert str(found.orders.later["under_way_at"][0]) == "2018-01-12T00:00:00"


def test_columns_without_a_value_are_as_good_as_none() -> None:
    assert not validated((None, None), (None, None)).orders.later


def test_a_file_s_rows_are_answered_given_what_they_say(sample_bundle: Bundle) -> None:
    rows = ["", "2018-01-12,", "2018-01-12,2018-02-20", ",2018-02-20"]
    text = "".join(f"9350,-23.5,-46.6,{BOUGHT},{row or ','}\n" for row in rows)
    predictor = Predictor(sample_bundle)
    scored = score_text(text.encode(), Layout.of([*COLUMNS, *LATER]), predictor, NOW)
    assert scored.rows_failed == 0
    plain, shipped, both, waits = (float(line.split(",")[6]) for line in scored.body.decode().splitlines())
    assert len({plain, shipped, both, waits}) == 4
    assert min(both, waits) > 40 > plain
