"""The registered MLflow model: the bundle behind MLflow's pyfunc interface, for whoever loads it through MLflow.

MLflow copies this file, and the code of `common` that it imports, into the model (see `trainer.registry.logged_model`).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from common.model import bundle
from common.model.answers.columns import columns_of
from common.model.answers.further import Further
from common.model.answers.wishes import wishes_of
from common.model.predictor import Predictor
from common.orders.fields import INPUTS, location_faults
from common.orders.names import WISHES
from common.orders.promises import shares_of
from common.orders.validation import validate

SHOWN_ROWS = 20


class DeliveryTimeModel(PythonModel):
    """Orders to days with their interval: the numbers of the gateway and of batch jobs, or their reasons."""

    def load_context(self, context: Any) -> None:
        """Load and verify the bundle that lies among the model's artifacts."""
        self.predictor = Predictor(bundle.load(Path(context.artifacts["bundle"]), version="local"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """delivery_time_days, lower_days, upper_days, seller_known: one row per order, with the pace of the training
        date. Purchased now where `purchase_timestamp` is missing. MlflowException names each row that is no order.

        params: `on_time_shares` and `details` as batch jobs have them. They, and columns `on_time_share` and
        `deliver_by`, add the columns that they add to a batch result; dates are texts.
        """
        reading = self.predictor.reading
        wanted = (*(field.name for field in INPUTS), *reading.further, *WISHES)
        columns = {name: _arrow(model_input[name]) for name in wanted if name in model_input}
        _refuse([sentence for _, sentence in location_faults({*columns})])
        rows, wishes = wishes_of(columns, validate(columns, datetime.now(UTC), reading), reading.clock)
        _refuse([f"row {row}: {reason}" for row, reason in rows.reasons.items()])
        predicted = self.predictor.predict(rows.orders)
        answers: dict[str, Any] = {
            "delivery_time_days": predicted.days,
            "lower_days": predicted.lower_days,
            "upper_days": predicted.upper_days,
            "seller_known": predicted.seller_known,
        }
        further = _asked(params or {}).wished_by(columns)
        added = columns_of(further, self.predictor, rows.orders, predicted, rows.good, wishes)
        answers |= {name: _plain(column) for name, column in zip(further.columns, added, strict=True)}
        return pd.DataFrame(answers, index=model_input.index)


def _asked(params: dict[str, Any]) -> Further:
    """MlflowException says what is no share."""
    given = params.get("on_time_shares")
    shares = [] if given is None else np.atleast_1d(given).tolist()
    try:
        return Further.asked(shares_of(shares) if shares else (), bool(params.get("details")))
    except ValueError as error:
        raise MlflowException.invalid_parameter_value(f"on_time_shares must be {error} (got {shares})") from None


def _plain(column: pa.Array) -> "pd.Series[Any]":
    """As JSON has it: dates are texts."""
    return (column.cast(pa.string()) if pa.types.is_date(column.type) else column).to_pandas()


def _refuse(reasons: list[str]) -> None:
    """MlflowException with these reasons, if there are any."""
    if reasons:
        more = f" (and {len(reasons) - SHOWN_ROWS} more)" if len(reasons) > SHOWN_ROWS else ""
        raise MlflowException.invalid_parameter_value("; ".join(reasons[:SHOWN_ROWS]) + more)


def _arrow(column: "pd.Series[Any]") -> pa.Array:
    """The column for validation: NaN and None are missing, and what is of no type of its own is text."""
    if column.dtype != object:
        array = pa.array(column, from_pandas=True)
        if not isinstance(array, pa.ExtensionArray):
            return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array
    texts = column.astype(object).map(_text, "ignore")
    return pa.array(texts, pa.string(), from_pandas=True)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if isinstance(value, datetime) else str(value)


set_model(DeliveryTimeModel())
