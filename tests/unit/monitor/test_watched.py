"""What is watched are the inputs that a shop's orders have, whichever those are."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from common.model.geography import Geography
from common.orders.orders import Orders
from monitor.windows.reference import Reference
from monitor.windows.watched import MOST_VALUES, OTHER, PREDICTION, Watched, WindowRows

MakeTable = Callable[..., pd.DataFrame]
MakeRows = Callable[[pd.DataFrame], WindowRows]
FACTS = ("weight",), ("carrier",)


def with_facts(table: pd.DataFrame, weight: object, carrier: object) -> WindowRows:
    columns = table.assign(weight=weight, carrier=carrier, purchase_timestamp=np.datetime64("2018-02-05"))
    return WindowRows(Orders.of_columns(columns, *FACTS), table)


def test_regions_and_the_destination_s_point_are_watched(
    table: MakeTable, rows: MakeRows, reference: Reference
) -> None:
    assert reference.watched.category == ("origin_region", "destination_region")
    columns = reference.watched.columns(rows(table(5)))
    assert [*columns] == [*reference.watched.inputs, PREDICTION]
    assert columns[["destination_lat", "destination_lng", PREDICTION]].dtypes.eq("float64").all()


def test_the_region_of_an_origin_is_that_of_its_code(table: MakeTable, rows: MakeRows, reference: Reference) -> None:
    codes = ["09350", "9350", "13023", "99999", None]
    found = reference.watched.columns(rows(table(5).assign(origin_postal_code=codes)))["origin_region"]
    assert found[:4].tolist() == ["region 0", "region 0", "region 1", "region 9"]
    assert found.isna().tolist() == [False] * 4 + [True]


def test_an_input_that_the_model_had_and_the_window_has_not_is_missing(
    table: MakeTable, rows: MakeRows, reference: Reference
) -> None:
    bare = table(5).drop(columns=["destination_lat", "destination_lng"])
    columns = reference.watched.columns(rows(bare))
    assert columns[["destination_region", "destination_lat", "destination_lng"]].isna().all().all()
    assert columns["origin_region"].notna().all()


def test_facts_are_watched_beside_them(table: MakeTable, geography: Geography) -> None:
    learned = with_facts(table(100), np.arange(100.0), [f"c{number % 4}" for number in range(100)])
    watched = Watched.of(geography, learned.orders)
    assert ("weight" in watched.numeric, "carrier" in watched.category) == (True, True)
    assert watched.columns(learned)["carrier"].unique().tolist() == ["c0", "c1", "c2", "c3"]


def test_rare_values_of_a_category_count_as_one(table: MakeTable, geography: Geography) -> None:
    carriers = [f"c{min(number, 100)}" for number in range(200)]
    learned = with_facts(table(200), 1.0, carriers)
    watched = Watched.of(geography, learned.orders)
    assert len(watched.frequent["carrier"]) == MOST_VALUES
    found = watched.columns(with_facts(table(3), 1.0, ["c100", "new", None]))["carrier"]
    assert found[:2].tolist() == ["c100", OTHER]
    assert found.isna().tolist() == [False, False, True]


def test_a_sample_is_drawn_of_orders_and_days_alike(table: MakeTable, rows: MakeRows) -> None:
    many = rows(table(50))
    few = many.sample(20)
    assert len(few) == len(few.orders) == 20
    kept = few.days.index.to_numpy()
    np.testing.assert_array_equal(few.orders.numbers["destination_lat"], many.orders.numbers["destination_lat"][kept])
    assert many.sample(50) is many
