"""The demo's last word: a table for the terminal, and a page that asks nobody for anything."""

import re
from pathlib import Path

import pytest

from devstack.demo import page
from devstack.demo.figures import Figures, Week

MONTH = {
    "month": "2018-05", "orders": 10, "mae": 4.0, "mae_vs_median": 0.8, "mae_ratio": None, "coverage": 0.9,
}  # fmt: skip
BACKTEST = {
    **MONTH, "months": [MONTH, {**MONTH, "month": "2018-06", "mae": 4.4}], "mean_width_days": 20.0,
    "promise_days_vs_olist": -1.25, "on_time_share": 0.897, "olist_on_time_share": 0.903,
}  # fmt: skip


@pytest.fixture
def made() -> Figures:
    return Figures(
        orders=42_394,
        trial={"mae": 5.55, "depth": "6", "learning_rate": "0.0761779", "loss": "RMSE"},
        version="3",
        metrics={"mae": 3.9, "mae_of_constant_median": 5.0},
        backtest=BACKTEST,
        answer={"delivery_time_days": 4.2, "lower_days": 2.7, "upper_days": 9.2, "delivery_date": "2026-12-02"},
        distribution=[(0.0, 0.0), (4.2, 0.5), (8.0, 0.9)],
        rows_scored=5_000,
        output_uri="s3://delivery-time/results/<1>/orders.csv",
        weeks=[Week("2018-06-24", 3.5, 5.0), Week("2018-07-01", None, None)],
    )


def test_the_table_says_each_thing_in_words(made: Figures) -> None:
    rows = dict(made.rows())
    assert rows["orders prepared"] == "42,394"
    assert rows["best trial"] == "mean error 5.55 days (depth 6, learning_rate 0.07618, loss RMSE)"
    assert rows["judged forward"] == "2018-05 to 2018-06: mean error 4.00 days, 0.80 x one median's"
    assert rows["promises"] == "1.25 days shorter than the shop's own, 89.7% of them kept, of the shop's 90.3%"
    assert not any("{" in words for words in rows.values())


def test_the_page_is_whole_and_reaches_nobody(made: Figures, tmp_path: Path) -> None:
    path = tmp_path / "build" / "demo.html"
    page.write(path, made, ["make up", "  http://127.0.0.1:8091   the console"])
    html = path.read_text()
    assert html.count("<img ") == 4
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert "results/&lt;1&gt;/orders.csv" in html
    assert "http://127.0.0.1:8091" in html
    assert list(path.parent.iterdir()) == [path]


def test_a_shop_with_few_deliveries_has_a_page_too(made: Figures, tmp_path: Path) -> None:
    made.backtest, made.weeks = {}, []
    page.write(tmp_path / "demo.html", made, [])
    assert "Too few deliveries are known to judge months." in (tmp_path / "demo.html").read_text()
