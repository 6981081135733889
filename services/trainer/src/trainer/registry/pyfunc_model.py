"""The registered MLflow model: the bundle behind MLflow's pyfunc interface, for whoever loads it through MLflow."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from common.model import bundle
from common.model.predictor import Predictor
from common.orders.fields import Orders
from common.orders.moments import naive_utc


class DeliveryTimeModel(PythonModel):
    """Rows with the three required columns to days with their interval."""

    def load_context(self, context: Any) -> None:
        """Load and verify the bundle that lies among the model's artifacts."""
        self.predictor = Predictor(bundle.load(Path(context.artifacts["bundle"]), version="local"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """delivery_time_days, lower_days, upper_days, one row per input row; purchased now."""
        now = np.datetime64(naive_utc(datetime.now(UTC)), "s")
        orders = Orders.of_columns(model_input.assign(purchase_timestamp=now))
        found = self.predictor.predict(orders)
        return pd.DataFrame(
            {"delivery_time_days": found.days, "lower_days": found.lower_days, "upper_days": found.upper_days}
        )


set_model(DeliveryTimeModel())
