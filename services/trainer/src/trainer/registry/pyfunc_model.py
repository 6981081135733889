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
from common.orders.fields import INPUTS
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
        names = (*(field.name for field in INPUTS), *reading.facts)
        columns = {name: _arrow(model_input[name]) for name in names if name in model_input}
        orders = validate(columns, datetime.now(UTC), reading)
        if orders.reasons:
            reasons = [f"row {row}: {reason}" for row, reason in orders.reasons.items()]
            more = f" (and {len(reasons) - SHOWN_ROWS} more)" if len(reasons) > SHOWN_ROWS else ""
            raise MlflowException.invalid_parameter_value("; ".join(reasons[:SHOWN_ROWS]) + more)
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


def _arrow(column: "pd.Series[Any]") -> pa.Array:
    """The column for validation: NaN and None are missing, and what is of no type of its own is text."""
    if column.dtype == object:
        column = column.map(lambda value: value.isoformat() if isinstance(value, datetime) else str(value), "ignore")
        return pa.array(column, pa.string(), from_pandas=True)
    return pa.array(column, from_pandas=True)


set_model(DeliveryTimeModel())
