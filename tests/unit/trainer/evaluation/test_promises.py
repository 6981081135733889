"""What promises and probabilities are measured by: orders whose days are known to follow what was said of them."""

import io
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from scipy.stats import norm

from common.orders.clock import Clock
from support.model_fixtures import made_up_data
from trainer.evaluation.promises import (
    BY,
    PROBABILITY,
    PROMISED,
    SHARES,
    SPANS,
    by_value,
    calibration,
    judged_columns,
    policy,
    told,
)
from trainer.evaluation.run import Months, run_promise
from trainer.search.useful_facts import with_facts_useful_then

ROWS = 20_000


def forecasts(slower: float = 1.0) -> pl.DataFrame:
    """Orders of two months whose log days are normal around log 10, and what is said of them; `slower`: by a factor."""
    rng = np.random.default_rng(0)
    days = np.exp(rng.normal(np.log(10), 0.5, ROWS))
    columns: dict[str, object] = {
        "month": np.repeat(["2018-01", "2018-02"], ROWS // 2),
        "actual_days": days * slower,
        "promised_days": np.where(np.arange(ROWS) % 2, 25.0, np.nan),
        "value": np.tile([1.0, 2.0, 3.0, 4.0], ROWS // 4),
    }
    for share in SHARES:
        columns[PROMISED.format(share)] = np.full(ROWS, 10 * np.exp(0.5 * norm.ppf(share)))
    for span in SPANS:
        columns |= {BY.format(span): np.full(ROWS, 10 * span)}
        columns |= {PROBABILITY.format(span): np.full(ROWS, norm.cdf(np.log(span) / 0.5))}
    return pl.DataFrame(columns)


def test_true_promises_and_probabilities_are_off_by_chance_alone() -> None:
    found = calibration(forecasts())
    for share in SHARES:
        kept, (low, high) = found["shares"][str(share)], found["share_range"][str(share)]
        assert kept == pytest.approx(share, abs=0.01)
        assert low <= kept <= high
    assert max(found[error] for error in ("share_error", "share_error_worst_month", "deliver_by_error")) < 0.02
    assert sum(each["orders"] for each in found["deliver_by_bins"]) == ROWS * len(SPANS)
    assert "0.9: 0.9" in told(found)[0]


def test_a_wave_of_delays_shows_in_both() -> None:
    found = calibration(forecasts(slower=1.3))
    assert found["shares"]["0.9"] < 0.8
    assert min(found[error] for error in ("share_error", "share_error_worst_month", "deliver_by_error")) > 0.05


@pytest.mark.parametrize(("typical", "by"), [(0.02, [0.006, 0.02, 0.06]), (4.0, [1.5, 4.5, 12.5])])
def test_days_are_judged_to_their_ends_and_minutes_to_the_minute(typical: float, by: list[float]) -> None:
    """Of an order that was bought at noon."""
    history = made_up_data(10).history
    noon = np.full(10, np.datetime64("2017-03-01T12:00:00"))
    bought = replace(history, orders=replace(history.orders, purchase_timestamp=noon))
    said = SimpleNamespace(distribution=SimpleNamespace(days_at=np.zeros_like, probability_by=np.zeros_like))
    columns = judged_columns(said, bought, Clock("UTC"), typical, ())  # type: ignore[arg-type]
    assert [columns[BY.format(span)][0] for span in (0.3, 1.0, 3.0)] == pytest.approx(by, rel=0.01)


def test_a_policy_says_what_it_would_have_promised_kept_and_saved() -> None:
    first, second = policy(forecasts(), 0.9, "month").iter_rows(named=True)
    assert (first["month"], first["orders"], second["month"]) == ("2018-01", ROWS // 2, "2018-02")
    assert first["promised_days"] == pytest.approx(10 * np.exp(0.5 * norm.ppf(0.9)))
    assert first["kept"] == pytest.approx(0.9, abs=0.01)
    assert first["shops_days"] == 25.0
    assert first["days_saved"] == pytest.approx(25.0 - first["promised_days"])
    assert first["shops_kept"] == pytest.approx(norm.cdf(np.log(2.5) / 0.5), abs=0.01)
    assert first["days_late"] > 0


def test_values_come_in_quarters_and_only_where_there_are_some() -> None:
    valued = by_value(forecasts())
    assert valued is not None
    assert policy(valued, 0.9, "value")["value"].to_list() == ["up to 1", "1 to 2", "2 to 3", "over 3"]
    assert by_value(forecasts().with_columns(value=pl.lit(np.nan))) is None


def test_the_command_shows_every_share_and_marks_the_policy() -> None:
    out = io.StringIO()
    month = Months("2017-09", "2017-09", 0)
    run_promise(made_up_data(3_000), month, 0.85, Console(file=out, width=200), with_facts_useful_then)
    said = out.getvalue()
    assert all(f"promises at {share:g}" in said for share in (*SHARES, 0.85))
    assert "promises at 0.85, the policy" in said
    assert "at 0.85, by region" in said
    assert "than the shop's on average" in said
