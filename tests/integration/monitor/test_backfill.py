from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from common.database.session import Database
from common.database.tables import ModelMetrics
from common.errors import InvalidInput
from common.model.bundle import Bundle
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from monitor.windows.backfill import backfill
from monitor.windows.history import PastOrders, read_history
from monitor.windows.reports import Reports
from support.prepared_data import completed, published, write_orders


def prepare(data_dir: Path, weeks: int, per_week: int, **columns: Any) -> None:
    """Prepared orders of so many weeks from 2018-01-01 on, the third week without any; columns: beside the usual."""
    rng = np.random.default_rng(0)
    starts = np.repeat([week for week in range(weeks) if week != 2], per_week)
    count = len(starts)
    purchase = np.datetime64("2018-01-01T12:00:00") + starts * np.timedelta64(7, "D")
    days = np.where(rng.random(count) < 0.9, rng.gamma(4, 3, count), np.nan)
    usual = {
        "order_id": [f"order-{number}" for number in range(count)],
        "purchase_timestamp": purchase,
        "delivered_timestamp": purchase + (days * 86_400).astype("timedelta64[s]"),
        "origin_postal_code": [f"{code:05d}" for code in rng.integers(1, 100_000, count)],
        "destination_lat": rng.uniform(-30, -10, count),
        "destination_lng": rng.uniform(-55, -40, count),
    }
    write_orders(data_dir, completed(**usual | columns))


def past(data_dir: Path, store: ObjectStore) -> PastOrders:
    return read_history(published(data_dir, store))


def metrics(database: Database) -> list[dict[str, object]]:
    with database.transaction() as session:
        rows = session.scalars(select(ModelMetrics).order_by(ModelMetrics.model_version, ModelMetrics.window_end))
        names = [column.name for column in ModelMetrics.__table__.columns if column.name != "id"]
        return [{name: getattr(row, name) for name in names} for row in rows]


def test_every_week_has_a_row_and_a_second_run_changes_nothing(
    database: Database, reports: Reports, sample_bundle: Bundle, store: ObjectStore, tmp_path: Path
) -> None:
    prepare(tmp_path, weeks=5, per_week=60)
    done = backfill(database, reports, sample_bundle, past(tmp_path, store))
    first = metrics(database)
    assert [row["rows"] for row in first] == [60, 60, 0, 60, 60]
    assert first[2]["note"] == "no predictions"
    assert done.empty == 1
    assert all(row["mae"] and row["prediction_drift"] is not None for row in first if row["rows"])

    backfill(database, reports, sample_bundle, past(tmp_path, store))
    assert metrics(database) == first


def test_a_new_version_adds_rows_and_keeps_the_old_ones(
    database: Database, reports: Reports, sample_bundle: Bundle, store: ObjectStore, tmp_path: Path
) -> None:
    prepare(tmp_path, weeks=2, per_week=40)
    backfill(database, reports, sample_bundle, past(tmp_path, store))
    backfill(database, reports, replace(sample_bundle, version="2"), past(tmp_path, store))
    assert [row["model_version"] for row in metrics(database)] == ["1", "1", "2", "2"]


def test_only_the_newest_weeks_when_asked(
    database: Database, reports: Reports, sample_bundle: Bundle, store: ObjectStore, tmp_path: Path
) -> None:
    prepare(tmp_path, weeks=5, per_week=40)
    done = backfill(database, reports, sample_bundle, past(tmp_path, store), weeks=1, reports=1)
    assert [window.start for window in done.windows] == [datetime(2018, 1, 29, tzinfo=UTC)]
    (row,) = metrics(database)
    assert str(row["report_uri"]).endswith("reports/backfill/version-1/2018-02-05T00.html")


def test_what_was_asked_here_after_the_source_ends_is_no_past(store: ObjectStore, tmp_path: Path) -> None:
    prepare(tmp_path, weeks=5, per_week=40)
    history = published(tmp_path, store)
    version = history.must_have()
    months = {**version.months, "2026-11": version.months["2018-01"]}
    history.publish(version.model_copy(update={"months": months}), "")
    assert len(read_history(history).table) == version.orders


def test_orders_that_were_never_prepared_are_asked_for(store: ObjectStore) -> None:
    with pytest.raises(InvalidInput, match="run `make prepare-data` first"):
        read_history(HistoryStore(store, "nothing/"))


def test_orders_that_say_nothing_of_their_ends_count_as_missing_values(
    database: Database, reports: Reports, sample_bundle: Bundle, store: ObjectStore, tmp_path: Path
) -> None:
    prepare(tmp_path, weeks=1, per_week=100)
    path = tmp_path / "prepared" / "orders.parquet"
    orders = pd.read_parquet(path)
    orders.loc[:29, "origin_postal_code"] = None
    orders.loc[:29, ["destination_lat", "destination_lng"]] = np.nan
    orders.to_parquet(path)
    backfill(database, reports, sample_bundle, past(tmp_path, store))
    (row,) = metrics(database)
    assert row["rows"] == 100
    assert row["share_missing_values"] == pytest.approx(0.3 * 4 / 5)


def test_orders_of_any_shop_are_scored_by_what_they_say(
    database: Database, reports: Reports, sample_bundle: Bundle, store: ObjectStore, tmp_path: Path
) -> None:
    regions = ["MG", "SP"] * 30
    here = {"origin_postal_code": None, "destination_lat": None, "destination_lng": None}
    prepare(tmp_path, weeks=1, per_week=60, origin_id=["a"] * 60, destination_region=regions, **here)
    backfill(database, reports, sample_bundle, past(tmp_path, store))
    (row,) = metrics(database)
    assert (row["rows"], row["mae"] is not None) == (60, True)
