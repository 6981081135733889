"""A bundle as an MLflow model in the registry."""

from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from common.servers.registry import MODEL_NAME
from trainer.registry import pyfunc_model

EXAMPLE = pd.DataFrame({"seller_zip_code_prefix": [9350], "customer_lat": [-23.577], "customer_lng": [-46.587]})


def log_and_register(folder: Path) -> str:
    """Log a bundle folder as an MLflow model in the running MLflow run, and register it; the new version."""
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=pyfunc_model.__file__,
        artifacts={"bundle": str(folder)},
        signature=signature(),
        input_example=EXAMPLE,
        pip_requirements=["delivery-time-common"],
        registered_model_name=MODEL_NAME,
    )
    return str(logged.registered_model_version)


def signature() -> ModelSignature:
    """Three required columns in, days with their interval out."""
    return ModelSignature(
        inputs=Schema(
            [
                ColSpec("long", "seller_zip_code_prefix"),
                ColSpec("double", "customer_lat"),
                ColSpec("double", "customer_lng"),
            ]
        ),
        outputs=Schema([ColSpec("double", name) for name in ("delivery_time_days", "lower_days", "upper_days")]),
    )
