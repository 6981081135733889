"""A bundle as an MLflow model that needs nothing of ours where it is loaded: it brings its code."""

import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

import common
from common.orders.fields import INPUTS
from common.orders.names import WISHES
from common.servers.registry import MODEL_NAME
from trainer.registry import pyfunc_model

CODE = ("__init__.py", "arrays.py", "errors.py", "model", "orders")
"""What the model uses of the package `common`."""

REQUIREMENTS = ("mlflow", "numpy", "pandas", "pyarrow", "pydantic", "tzdata")
"""What that code imports: public packages only, for whoever loads the model installs them by name. Small images have no
time zones of their own."""

EXAMPLE = pd.DataFrame({"seller_zip_code_prefix": [9350], "customer_lat": [-23.577], "customer_lng": [-46.587]})


def log_and_register(folder: Path, facts: Sequence[str] = ()) -> str:
    """Log a bundle folder as an MLflow model in the running MLflow run, and register it; the new version.

    facts: names of the shop's facts.
    """
    with tempfile.TemporaryDirectory() as scratch:
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=pyfunc_model.__file__,
            code_paths=[str(_copy_code(Path(scratch) / "common"))],
            artifacts={"bundle": str(folder)},
            signature=signature(facts),
            input_example=EXAMPLE,
            pip_requirements=[f"{package}=={version(package)}" for package in REQUIREMENTS],
            registered_model_name=MODEL_NAME,
        )
    return str(logged.registered_model_version)


def signature(facts: Sequence[str] = ()) -> ModelSignature:
    """The order's fields and the shop's facts in, as far as there are any; days with their interval out.

    Inputs are of any type: MLflow would refuse a latitude of -23 as no double. The model checks them itself, with the
    reasons of batch jobs. Parameters: see `DeliveryTimeModel.predict`; what they add stands behind the outputs.
    """
    anything = AnyType()  # type: ignore[no-untyped-call]
    days = [ColSpec(DataType.double, name) for name in ("delivery_time_days", "lower_days", "upper_days")]
    names = (*(field.name for field in INPUTS), *facts, *WISHES)
    return ModelSignature(
        inputs=Schema([ColSpec(anything, name, required=False) for name in names]),
        outputs=Schema([*days, ColSpec(DataType.boolean, "seller_known")]),
        params=ParamSchema(
            [
                ParamSpec("on_time_shares", DataType.double, default=[], shape=(-1,)),
                ParamSpec("details", DataType.boolean, default=False),
            ]
        ),
    )


def _copy_code(target: Path) -> Path:
    source = Path(common.__file__).parent
    target.mkdir()
    for name in CODE:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, target / name)
    return target
