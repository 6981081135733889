"""The registered MLflow model: the bundle behind MLflow's pyfunc interface, for whoever loads it through MLflow.

MLflow copies this file, and the code of `common` that it imports, into the model (see `trainer.registry.logged_model`).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from common.model import bundle
from common.model.predictor import Predictor
from common.orders.fields import INPUTS, location_faults
from common.orders.validation import validate

SHOWN_ROWS = 20


class DeliveryTimeModel(PythonModel):
    """Orders to days with their interval: the numbers of the gateway and of batch jobs, or their reasons."""

    def load_context(self, context: Any) -> None:
        """Load and verify the bundle that lies among the model's artifacts."""
        self.predictor = Predictor(bundle.load(Path(context.artifacts["bundle"]), version="local"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """delivery_time_days, lower_days, upper_days, seller_known: one row per order, with the pace of the training
        date. Purchased now where `purchase_timestamp` is missing. MlflowException names each row that is no order."""
        reading = self.predictor.reading
        wanted = (*(field.name for field in INPUTS), *reading.further)
        columns = {name: _arrow(model_input[name]) for name in wanted if name in model_input}
        _refuse([sentence for _, sentence in location_faults({*columns})])
        orders = validate(columns, datetime.now(UTC), reading)
        _refuse([f"row {row}: {reason}" for row, reason in orders.reasons.items()])
        predictions = self.predictor.predict(orders.orders)
        return pd.DataFrame(
            {
                "delivery_time_days": predictions.days,
                "lower_days": predictions.lower_days,
                "upper_days": predictions.upper_days,
                "seller_known": predictions.seller_known,
            },
            index=model_input.index,
        )


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
