"""The shop's own promise is an input where the shop's own orders are forecast better with it, and nowhere else."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.orders.orders import Orders
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import score_text
from support.model_fixtures import PARAMS, SHOP, made_up_history, made_up_places
from support.scorer.in_process import scored as result_of
from support.stand_ins.memory_store import MemoryStore
from trainer.data.history import DAY, History, TrainingData
from trainer.evaluation.gate import forecaster
from trainer.evaluation.parity import TOLERANCE_DAYS, parity
from trainer.model.bundling import write_bundle
from trainer.model.calibration import unseen
from trainer.model.fit import fit
from trainer.model.further.promised import with_promises
from trainer.model.table import TrainingTable
from trainer.registry.pyfunc_model import DeliveryTimeModel

CUTOFF = np.datetime64("2017-10-01", "s")
PADDED_DAYS = 2.0


def promised(history: History, days: np.ndarray) -> History:
    """The orders with promises of so many days, NaN where there is none."""
    known = np.isfinite(days)
    spans = (np.where(known, np.nan_to_num(days), 0) * 86_400).astype("timedelta64[s]")
    moments = np.where(known, history.orders.purchase_timestamp + spans, np.datetime64("NaT", "s"))
    return replace(history, promised_days=days, orders=replace(history.orders, promised=moments))


@pytest.fixture(scope="module")
def telling() -> History:
    """Promises that know more than the orders say, padded by two days; one order in five has none."""
    history, rng = made_up_history(2_000), np.random.default_rng(5)
    lost = np.isnan(history.days)
    days = np.where(lost, 10.0, history.days) * rng.lognormal(0, 0.12, len(history)) + PADDED_DAYS
    return promised(history, np.where(rng.random(len(history)) < 0.2, np.nan, days))


@pytest.fixture(scope="module")
def table(telling: History) -> TrainingTable:
    return table_of(telling)


@pytest.fixture(scope="module")
def bundle(table: TrainingTable, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The model as of the cut-off, as it is read again."""
    return write_bundle(tmp_path_factory.mktemp("bundle") / "1", fit(table, CUTOFF, PARAMS), table, {}, "")


@pytest.fixture(scope="module")
def predictor(bundle: Bundle, table: TrainingTable) -> Predictor:
    return Predictor(bundle, pace=table.pace)


@pytest.fixture(scope="module")
def judged(telling: History) -> History:
    return telling.where(telling.bought_in(CUTOFF, CUTOFF + 60 * DAY) & ~np.isnat(telling.delivered))


def table_of(history: History) -> TrainingTable:
    return TrainingTable.of(TrainingData(history, SHOP, made_up_places()))


def untold(orders: Orders) -> Orders:
    return replace(orders, promised=None)


def test_a_forecast_that_knows_a_telling_promise_beats_it_and_the_forecast_without(
    predictor: Predictor, judged: History
) -> None:
    told = judged.where(np.isfinite(judged.promised_days))
    with_it, without = (predictor.predict(orders).days for orders in (told.orders, untold(told.orders)))
    missed, missed_without, promises = (
        np.abs(days - told.days).mean() for days in (with_it, without, told.promised_days)
    )
    assert missed < 0.7 * missed_without
    assert missed < 0.9 * promises


def test_the_interval_holds_with_and_without_a_promise(predictor: Predictor, judged: History) -> None:
    for chosen in (np.isfinite(judged.promised_days), np.isnan(judged.promised_days)):
        part = judged.where(chosen)
        found = predictor.predict(part.orders)
        inside = (found.lower_days <= part.days) & (part.days <= found.upper_days)
        assert 0.8 < inside.mean() < 0.99


def test_an_order_without_a_promise_is_answered_as_by_a_model_that_knows_none(
    predictor: Predictor, table: TrainingTable, telling: History
) -> None:
    blind = replace(table, history=replace(telling, orders=untold(telling.orders)))
    ours, theirs = (each.predict(untold(telling.orders)) for each in (predictor, forecaster(blind, PARAMS, CUTOFF, 0)))
    for name in ("days", "lower_days", "upper_days"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_one_order_gets_the_answer_that_it_gets_among_many(bundle: Bundle, judged: History) -> None:
    assert np.isnan(judged.promised_days).any()
    assert parity(bundle, judged) < TOLERANCE_DAYS
    predictor = Predictor(bundle)
    many = predictor.predict(judged.orders)
    order, bought = next(judged.orders.each())
    one = predictor.predict_one(order, bought)
    assert one.distribution.days_at(0.9) == pytest.approx(many.distribution.days_at(0.9)[0], abs=1e-9)


def test_a_promise_in_the_past_is_none_and_one_in_a_year_counts_as_the_longest(
    predictor: Predictor, judged: History
) -> None:
    orders = judged.orders.where(np.arange(len(judged)) < 3)
    odd = replace(orders, promised=orders.purchase_timestamp + np.array([-86_400, 0, 366 * 86_400], "timedelta64[s]"))
    given, none = (predictor.predict(each).days for each in (odd, untold(orders)))
    np.testing.assert_array_equal(given[:2], none[:2])
    assert none[2] < given[2] < 60


def test_under_way_the_promise_still_counts(predictor: Predictor, judged: History) -> None:
    orders = judged.orders.where(np.isfinite(judged.promised_days))
    later = {"under_way_at": orders.purchase_timestamp + 3 * DAY}
    with_it, without = (predictor.predict(replace(each, later=later)) for each in (orders, untold(orders)))
    assert (with_it.days >= 3).all()
    assert (with_it.upper_days - with_it.lower_days).mean() < 0.8 * (without.upper_days - without.lower_days).mean()


def test_a_short_history_is_judged_on_its_newest_third(table: TrainingTable) -> None:
    """Four months: before the calibration window there is next to nothing."""
    early = np.datetime64("2017-05-01", "s")
    assert unseen(table, early, PARAMS, 0) is None
    assert fit(table, early, PARAMS).with_promise is not None


def noise(history: History) -> np.ndarray:
    return np.random.default_rng(1).uniform(5, 30, len(history))


def test_promises_that_tell_nothing_are_no_input(table: TrainingTable, telling: History) -> None:
    telling_nothing = replace(table, history=promised(telling, noise(telling)))
    assert fit(telling_nothing, CUTOFF, PARAMS).with_promise is None


@pytest.mark.parametrize("kept", ["one default for all", "one order in twenty"])
def test_defaults_and_few_promises_teach_nothing(kept: str, table: TrainingTable, telling: History) -> None:
    few = np.where(np.arange(len(telling)) % 20 == 0, telling.promised_days, np.nan)
    days = np.full(len(telling), 12.0) if kept == "one default for all" else few
    assert with_promises(replace(table, history=promised(telling, days)), telling.known_at(CUTOFF)) is None


def test_what_is_promised_after_the_cutoff_decides_nothing(
    predictor: Predictor, table: TrainingTable, telling: History
) -> None:
    before = telling.orders.purchase_timestamp < CUTOFF
    changed = promised(telling, np.where(before, telling.promised_days, noise(telling)))
    there = forecaster(replace(table, history=changed), PARAMS, CUTOFF, 0)
    np.testing.assert_array_equal(predictor.predict(telling.orders).days, there.predict(telling.orders).days)


def test_orders_keep_their_promises_when_they_are_chosen(telling: History) -> None:
    chosen = np.arange(len(telling)) % 2 == 0
    np.testing.assert_array_equal(telling.orders.where(chosen).promised_days, telling.orders.promised_days[chosen])


def asked(history: History) -> list[dict[str, object]]:
    """The orders as rows of a file, each with its promise."""
    return [
        {
            "origin_postal_code": order.origin_postal_code,
            "destination_lat": order.destination_lat,
            "destination_lng": order.destination_lng,
            "purchase_timestamp": bought.isoformat(),
            "promised_timestamp": order.promised_timestamp and order.promised_timestamp.isoformat(),
        }
        for order, bought in history.orders.each()
    ]


def scored(rows: list[dict[str, object]], predictor: Predictor) -> list[list[str]]:
    """The rows of the result of a CSV file."""
    text = pl.DataFrame(rows).write_csv().encode()
    header, _, body = text.partition(b"\n")
    result = score_text(body, Layout.of(header.decode().split(",")), predictor, datetime(2018, 1, 1, tzinfo=UTC))
    return [line.split(",") for line in result.body.decode().splitlines()]


def test_a_file_and_a_data_frame_get_what_the_model_says_of_their_promises(
    predictor: Predictor, judged: History
) -> None:
    part = judged.where(np.arange(len(judged)) < 40)
    days = predictor.predict(part.orders).days
    assert [float(row[5]) for row in scored(asked(part), predictor)] == pytest.approx(days, abs=0.006)
    model = DeliveryTimeModel()
    model.predictor = predictor
    of_frame = model.predict(None, pd.DataFrame(asked(part)))["delivery_time_days"]
    assert of_frame.to_numpy() == pytest.approx(days)


@pytest.mark.parametrize("kind", [pa.timestamp("us", "UTC"), pa.timestamp("ms"), pa.string()], ids=str)
def test_a_parquet_file_gets_what_the_model_says_of_its_promises(
    kind: pa.DataType, predictor: Predictor, judged: History
) -> None:
    """Moments without a zone, and texts, are on the shop's clock."""
    part = judged.where(np.arange(len(judged)) < 40)
    table = pa.Table.from_pylist(asked(part))
    promises = table["promised_timestamp"].cast(pa.timestamp("s")).cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(kind) and kind.tz:
        promises = pc.assume_timezone(promises, SHOP.time_zone)
    at = table.schema.get_field_index("promised_timestamp")
    sink = io.BytesIO()
    pq.write_table(table.set_column(at, "promised_timestamp", promises.cast(kind)), sink)
    store = MemoryStore()
    store.keep("orders.parquet", sink.getvalue())
    found = pq.read_table(io.BytesIO(result_of(store, "orders.parquet", predictor).body))["prediction"]
    assert found.to_numpy() == pytest.approx(predictor.predict(part.orders).days, abs=0.006)


def test_a_promise_that_is_no_moment_costs_its_row_where_it_is_an_input_and_passes_through_elsewhere(
    predictor: Predictor, bundle: Bundle, judged: History
) -> None:
    rows = asked(judged.where(np.arange(len(judged)) < 2))
    rows[0]["promised_timestamp"] = "soon"
    told, other = scored(rows, predictor)
    assert told[5:8] == ["", "", ""]
    assert "promised_timestamp is not" in ",".join(told[8:])
    assert other[5]
    ignorant = Predictor(replace(bundle, with_promise=None))
    assert all(row[5] for row in scored(rows, ignorant))
    assert not ignorant.reading.promised
