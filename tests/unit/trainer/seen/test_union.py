"""The shop's source and what the system has seen, as one history: an order once, and of it the newer word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from common.database.actuals import KINDS
from common.orders.names import COORDINATES, ENDED, OURS, TEXTS
from common.orders.shop.sections import Facts
from support.model_fixtures import SHOP as ANY_SHOP
from support.prepared_data import completed
from trainer.published.seen import MOMENT, Seen
from trainer.published.union import merge

TAKEN = datetime(2018, 3, 1, tzinfo=UTC)
BEFORE, AFTER = TAKEN - timedelta(days=1), TAKEN + timedelta(days=1)
BOUGHT = datetime(2018, 2, 10, 12, tzinfo=UTC)
SHOP = ANY_SHOP.model_copy(update={"as_of": TAKEN, "facts": Facts(numeric=("weight",), category=("carrier",))})


def asked(order_id: str = "one", asked_at: datetime = AFTER, **fields: Any) -> pl.DataFrame:
    kinds = {
        "order_id": pl.String, "purchase_timestamp": MOMENT, "asked_at": MOMENT, "seller_zip_code_prefix": pl.Int64,
        "delivery_time_days": pl.Float64, "upper_days": pl.Float64, **dict.fromkeys(TEXTS, pl.String),
        **dict.fromkeys(COORDINATES, pl.Float64), "weight": pl.Float64, "carrier": pl.String,
    }  # fmt: skip
    usual = {"order_id": order_id, "purchase_timestamp": BOUGHT, "asked_at": asked_at, "delivery_time_days": 8.0}
    return pl.DataFrame([{name: (usual | fields).get(name) for name in kinds}], schema=kinds)


def words(order_id: str = "one", said_at: datetime = AFTER, **said: datetime | None) -> pl.DataFrame:
    kinds = dict.fromkeys((*KINDS, *(f"{kind}_said" for kind in KINDS)), MOMENT)
    values = dict(said) | {f"{kind}_said": said_at for kind in said}
    return pl.DataFrame(
        [{"order_id": order_id} | {name: values.get(name) for name in kinds}], schema={"order_id": pl.String, **kinds}
    )


NO_WORDS = words().clear()


def source(**fields: Any) -> pl.DataFrame:
    usual = {"order_id": "one", "purchase_timestamp": BOUGHT.replace(tzinfo=None), "weight": 1.0, "carrier": "slow"}
    given = usual | {
        name: value.replace(tzinfo=None) if isinstance(value, datetime) else value for name, value in fields.items()
    }
    return completed(**{name: [value] for name, value in given.items()}).with_columns(pl.col("weight").cast(pl.Float64))


NOTHING = source().clear()


def merged(known: pl.DataFrame, of: pl.DataFrame, said: pl.DataFrame = NO_WORDS) -> dict[str, Any]:
    """The one order that comes of it."""
    (row,) = merge(known, Seen(of, said), SHOP).to_dicts()
    return row


def test_an_order_that_was_asked_about_has_its_fields_and_facts_as_asked() -> None:
    row = merged(NOTHING, asked(destination_lat=-23.5, destination_lng=-46.6, carrier="fast", weight=2.5))
    assert (row["purchase_timestamp"], row["carrier"], row["weight"], row["destination_lat"]) == (
        BOUGHT,
        "fast",
        2.5,
        -23.5,
    )
    assert row["delivered_timestamp"] is None, "under way"
    assert row["promised_timestamp"] is None, "what we answered is no promise of the shop's"


def test_a_postal_code_that_came_as_a_number_is_spelled_as_the_shop_does() -> None:
    assert merged(NOTHING, asked(seller_zip_code_prefix=9350))["origin_postal_code"] == "09350"
    assert (
        merge(NOTHING, Seen(asked(seller_zip_code_prefix=9350), NO_WORDS), SHOP, digits=6)["origin_postal_code"][0]
        == "009350"
    )


@pytest.mark.parametrize(("asked_at", "carrier"), [(AFTER, "fast"), (BEFORE, "slow")])
def test_of_a_field_that_both_know_the_newer_word_counts(asked_at: datetime, carrier: str) -> None:
    assert merged(source(), asked(asked_at=asked_at, carrier="fast"))["carrier"] == carrier


def test_what_only_one_of_them_knows_is_kept() -> None:
    row = merged(source(origin_region="north"), asked(destination_region="south"))
    assert (row["origin_region"], row["destination_region"], row["weight"]) == ("north", "south", 1.0)


SOON, LATE = BOUGHT + timedelta(days=3), BOUGHT + timedelta(days=30)


@pytest.mark.parametrize(
    ("said_at", "delivered"),
    [(AFTER, LATE), (BEFORE, SOON)],
)
def test_of_a_delivery_that_both_know_the_newer_word_counts(said_at: datetime, delivered: datetime) -> None:
    row = merged(source(delivered_timestamp=SOON), asked(), words(said_at=said_at, delivered_at=LATE))
    assert row["delivered_timestamp"] == delivered


def test_a_delivery_that_was_taken_back_is_unknown_again() -> None:
    assert merged(source(delivered_timestamp=SOON), asked(), words(delivered_at=None))["delivered_timestamp"] is None
    assert merged(source(delivered_timestamp=SOON), asked(), words(shipped_at=SOON))["delivered_timestamp"] == SOON


def test_a_word_about_an_order_that_nobody_asked_for_counts() -> None:
    row = merged(source(), asked().clear(), words(delivered_at=LATE))
    assert (row["delivered_timestamp"], row["carrier"]) == (LATE, "slow")


def test_a_word_about_an_unknown_order_is_nothing_to_learn_from() -> None:
    assert merge(NOTHING, Seen(asked().clear(), words(delivered_at=LATE)), SHOP).is_empty()


@pytest.mark.parametrize("days", [-1, 366])
def test_an_impossible_delivery_is_nothing_to_learn_from(days: int) -> None:
    assert merge(NOTHING, Seen(asked(), words(delivered_at=BOUGHT + timedelta(days=days))), SHOP).is_empty()


@pytest.mark.parametrize("kind", ["cancelled_at", "lost_at"])
def test_a_cancelled_or_lost_order_ends_then_and_is_never_delivered(kind: str) -> None:
    row = merged(NOTHING, asked(), words(delivered_at=SOON, **{kind: LATE}))
    assert (row[ENDED], row["delivered_timestamp"]) == (LATE, None)
    taken_back = merged(NOTHING, asked(), words(delivered_at=SOON, **{kind: None}))
    assert (taken_back[ENDED], taken_back["delivered_timestamp"]) == (None, SOON)


@pytest.mark.parametrize(("answered", "ours"), [(18.0, True), (18.4, True), (12.0, False)])
def test_a_promise_that_is_the_day_we_answered_is_ours(answered: float, ours: bool) -> None:
    promised = source(promised_timestamp=BOUGHT + timedelta(days=18, hours=11))
    assert merged(promised, asked(upper_days=answered))[OURS] is ours
    assert merged(promised, asked(delivery_time_days=answered))[OURS] is ours
