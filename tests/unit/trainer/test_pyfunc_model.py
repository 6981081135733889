"""What data frames may hold for the registered model: as much as files and requests, and no more."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from mlflow.exceptions import MlflowException

from common.model.bundle import Bundle
from common.model.predictor import Predictor
from support.example import ORDER
from trainer.registry.pyfunc_model import DeliveryTimeModel

PURCHASE = "2017-03-01T12:00:00-03:00"


@pytest.fixture(scope="module")
def model(sample_bundle: Bundle) -> DeliveryTimeModel:
    model = DeliveryTimeModel()
    model.predictor = Predictor(sample_bundle)
    return model


def frame(**changes: Any) -> pd.DataFrame:
    """One order; a column that is None is left out."""
    columns = ORDER | {"purchase_timestamp": PURCHASE} | changes
    return pd.DataFrame({name: [value] for name, value in columns.items() if value is not None})


def arrow(kind: pa.DataType, value: Any) -> pd.DataFrame:
    return frame().assign(purchase_timestamp=pd.Series([value], dtype=pd.ArrowDtype(kind)))


@pytest.mark.parametrize(
    "given",
    [
        frame(purchase_timestamp="2017-03-01 15:00:00 UTC"),
        frame(purchase_timestamp=pd.Timestamp(PURCHASE)),
        frame(purchase_timestamp=np.datetime64("2017-03-01T15:00:00", "s")),
        frame(purchase_timestamp=b"2017-03-01T15:00:00"),
        arrow(pa.timestamp("us", "UTC"), pd.Timestamp(PURCHASE)),
        frame().astype({"seller_zip_code_prefix": "category", "purchase_timestamp": "category"}),
        frame().astype({"seller_zip_code_prefix": "Int64", "customer_lat": "string"}),
        frame(customer_lat=Decimal("-23.577")),
        frame(seller_zip_code_prefix=9350.0, further="x"),
        frame(seller_zip_code_prefix=None, origin_postal_code="09350"),
        frame(customer_lat=None, customer_lng=None, destination_lat=-23.577, destination_lng=-46.587),
    ],
)
def test_an_order_is_the_same_whatever_types_its_columns_have(model: DeliveryTimeModel, given: pd.DataFrame) -> None:
    assert model.predict(None, given).to_dict("list") == model.predict(None, frame()).to_dict("list")


def test_a_day_is_one_by_every_type(model: DeliveryTimeModel) -> None:
    days = [model.predict(None, frame(purchase_timestamp=day)) for day in (date(2017, 3, 1), pd.Period("2017-03-01"))]
    assert days[0].equals(days[1])
    assert days[0].equals(model.predict(None, frame(purchase_timestamp="2017-03-01")))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (frame(customer_lat=None), "customer_lat is required"),
        (frame(seller_zip_code_prefix=None), "seller_zip_code_prefix is required (or another origin: origin_id"),
        (frame(destination_lat=1.0, destination_lng=2.0), "customer_lat and destination_lat both say the same"),
        (frame(origin_postal_code="1"), "seller_zip_code_prefix and origin_postal_code both say the same"),
        (pd.DataFrame(np.zeros((1, 3))), "seller_zip_code_prefix is required"),
        (frame(seller_zip_code_prefix=True), "row 0: seller_zip_code_prefix is not a number (got 'true')"),
        (frame(purchase_timestamp=1488380400), "row 0: purchase_timestamp is not an ISO 8601 time from 2000 to 2099"),
        (frame(purchase_timestamp=1488380400.5), "row 0: purchase_timestamp is not an ISO 8601 time"),
        (frame(purchase_timestamp=b"\xff"), "row 0: purchase_timestamp is not an ISO 8601 time"),
        (frame(destination_region="a\0b", customer_lat=np.nan), "row 0: destination_region must have no NUL"),
    ],
)
def test_what_is_no_order_has_no_answer_but_a_reason(
    model: DeliveryTimeModel, given: pd.DataFrame, reason: str
) -> None:
    with pytest.raises(MlflowException) as refused:
        model.predict(None, given)
    assert reason in str(refused.value)


def test_a_frame_may_say_what_is_known_later(model: DeliveryTimeModel) -> None:
    said = {"shipped_timestamp": pd.Timestamp("2017-03-03"), "under_way_at": "2017-05-20"}
    plain, shipped, both = (
        model.predict(None, frame(**{name: said[name] for name in names})).iloc[0]
        for names in ((), ("shipped_timestamp",), tuple(said))
    )
    assert plain.delivery_time_days != shipped.delivery_time_days
    assert both.lower_days > 79 > plain.upper_days
    with pytest.raises(MlflowException, match="row 0: shipped_timestamp must not be before the purchase"):
        model.predict(None, frame(shipped_timestamp="2017-02-01"))
