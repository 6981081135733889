"""MLflow as this service uses it: one experiment, one registered model."""

import logging
import os
from dataclasses import dataclass
from itertools import count

import mlflow
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException

from common.addresses import SecretAddress
from common.errors import RegistryUnavailable

EXPERIMENT = "delivery-time"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tracking:
    """The server and the experiment at which MLflow's own functions are pointed: one of each in a process.

    url: the server's address without credentials, to be shown.
    """

    url: str
    experiment_id: str

    @classmethod
    def connect(cls, url: str) -> "Tracking":
        """Point MLflow at the server and at our experiment; RegistryUnavailable within seconds, not minutes."""
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        mlflow.set_tracking_uri(url)
        shown = str(SecretAddress(url))
        try:
            return cls(shown, str(mlflow.set_experiment(_usable_name()).experiment_id))
        except MlflowException as error:
            raise RegistryUnavailable(shown, error.error_code) from error


def _usable_name() -> str:
    """The experiment's name; a deleted experiment keeps its name, so the next one is numbered."""
    for number in count(1):
        name = EXPERIMENT if number == 1 else f"{EXPERIMENT}-{number}"
        experiment = mlflow.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage == LifecycleStage.ACTIVE:
            return name
        log.warning("the MLflow experiment %r was deleted, with its trials: going on in another one", name)
    raise AssertionError("unreachable")
