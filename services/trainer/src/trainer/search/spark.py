"""The search on a Spark cluster, through Hyperopt's SparkTrials: the extra `trainer[spark]`.

Which cluster is Spark's own configuration (`spark-submit`, `SPARK_CONF_DIR`); without any it is this machine. Its
workers need the trainer's package. A search that is killed starts anew: SparkTrials keeps its trials in memory.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from hyperopt import STATUS_FAIL, STATUS_OK, SparkTrials, fmin, tpe

from common.errors import InvalidInput
from trainer.data.history import TrainingData
from trainer.search.runs import Trial, best_of, log_trial, search_tags
from trainer.search.space import SPACE
from trainer.search.trial import Task, try_params
from trainer.search.useful_facts import with_useful_facts


def search_on_spark(
    data: TrainingData, trials: int, seed: int, jobs: int, progress: Callable[[int], object] = lambda new: None
) -> Trial:
    """Run trials, `jobs` at a time, log each to MLflow, and return the best; InvalidInput if all failed."""
    cluster = _trials(jobs)
    task = Task.of(with_useful_facts(data, seed), seed, threads=1)

    def objective(values: dict[str, Any]) -> dict[str, Any]:
        result = try_params(values, task)
        status = STATUS_FAIL if result.failure else STATUS_OK
        return {"status": status, "loss": result.metrics.get("mae"), "result": result}

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
    tags = search_tags(data.fingerprint, seed)
    results = [log_trial(finished["result"], tags, seed) for finished in cluster.results]
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
