"""The search on a Spark cluster, through Hyperopt's SparkTrials: the extra `trainer[spark]`.

Which cluster, Spark's own configuration says (`spark-submit`, `SPARK_CONF_DIR`); without any it is this machine. The
workers need the trainer's package. A search that is killed starts anew, as SparkTrials keeps its trials in memory.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hyperopt import STATUS_FAIL, STATUS_OK, SparkTrials, fmin, tpe

from common.errors import InvalidInput
from trainer.registry import tracking
from trainer.search.search import SPACE, Trial, best_of, log_trial, read_work, search_tags, try_params


def search_on_spark(
    data_dir: Path, trials: int, seed: int, jobs: int, progress: Callable[[int], object] = lambda new: None
) -> Trial:
    """Run trials, `jobs` at a time, log each to MLflow, and return the best; InvalidInput if all failed."""
    tracking.connect()
    work = read_work(data_dir, seed)

    def objective(values: dict[str, Any]) -> dict[str, Any]:
        outcome = try_params(values, *work, seed, threads=1)
        status = STATUS_FAIL if outcome.failure else STATUS_OK
        return {"status": status, "loss": outcome.metrics.get("mae"), "outcome": outcome}

    cluster = _trials(jobs)
    fmin(
        objective,
        SPACE,
        algo=tpe.suggest,
        max_evals=trials,
        trials=cluster,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        return_argmin=False,
    )
    tags = search_tags(data_dir, seed)
    results = [log_trial(result["outcome"], tags, seed) for result in cluster.results]
    progress(len(results))
    return best_of(results)


def _trials(jobs: int) -> SparkTrials:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # a cluster's own interpreter is for its configuration
    try:
        return SparkTrials(parallelism=jobs)
    except Exception as error:
        if "cannot import pyspark" not in str(error):
            raise
        raise InvalidInput("--spark needs pyspark: install the extra `delivery-time-trainer[spark]`") from error
