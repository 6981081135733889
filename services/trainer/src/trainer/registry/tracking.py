"""MLflow as this service uses it: one experiment, one registered model."""

import logging
import os

import mlflow
from mlflow.exceptions import MlflowException

from common.errors import RegistryUnavailable
from common.settings import RegistrySettings, load

EXPERIMENT = "delivery-time"


def connect() -> None:
    """Point MLflow at the registry's server and at our experiment; RegistryUnavailable within seconds, not minutes."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    url = load(RegistrySettings).url
    mlflow.set_tracking_uri(url)
    try:
        mlflow.set_experiment(EXPERIMENT)
    except MlflowException as error:
        raise RegistryUnavailable(url, error.error_code) from error


def experiment_id() -> str:
    """The experiment's id at the connected server."""
    return str(mlflow.set_experiment(EXPERIMENT).experiment_id)
