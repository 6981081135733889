"""The Evidently report of one window against the reference, and the five numbers taken from it.

Evidently is imported by the first report only: its import costs seconds and 280 MB, which no command line that merely
lists alerts should pay.
"""

import math
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from monitor.windows.reference import Reference
from monitor.windows.watched import PREDICTION

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

os.environ["DO_NOT_TRACK"] = "1"  # read by Evidently's import: no usage statistics leave this machine

NUMERIC_METHOD = "wasserstein"
"""Wasserstein distance divided by the reference's standard deviation."""
CATEGORY_METHOD = "jensenshannon"
BASE_THRESHOLD = 0.1
SAMPLING_NOISE = 2.0
CORRELATION = "spearman"


@dataclass(frozen=True)
class ReportValues:
    """Numbers of one report; None where Evidently has none (a constant column has no correlation)."""

    prediction_drift: float | None
    num_drifted_columns: int | None
    share_missing_values: float
    value_range_share_in_range: float | None
    prediction_corr_with_features: float | None


def drift_threshold(rows: int) -> float:
    """The distance from which a column counts as drifted in a window of this many rows.

    Both distances between n rows of the reference and the reference itself shrink with 1/sqrt(n); 2/sqrt(n) is about
    the 99th percentile (measured at 50 to 1,000 rows). A fixed 0.1 would call half of all 100-row windows drifted.
    """
    return BASE_THRESHOLD + SAMPLING_NOISE / math.sqrt(rows)


def report_on(
    current: pd.DataFrame, reference: Reference, drifting: list[str], with_prediction: bool
) -> tuple["Snapshot", ReportValues]:
    """Run the report on watched columns (n ≥ 1 rows).

    drifting: the input columns with enough values to be compared. with_prediction: whether the prediction has enough.
    """
    with warnings.catch_warnings():
        # Evidently's own on import, numpy's on constant and missing values, which the values below say as None.
        warnings.simplefilter("ignore")
        snapshot = _run(current, reference, drifting, with_prediction)
    return snapshot, _values(snapshot.dict()["metrics"], current)


def _run(current: pd.DataFrame, reference: Reference, drifting: list[str], with_prediction: bool) -> "Snapshot":
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import (
        ColumnCorrelations,
        DatasetMissingValueCount,
        DriftedColumnsCount,
        InRangeValueCount,
        ValueDrift,
    )

    threshold = drift_threshold(len(current))
    low, high = reference.in_range
    metrics: list[Any] = [DatasetMissingValueCount()]
    if with_prediction:
        metrics += [
            ValueDrift(column=PREDICTION, method=NUMERIC_METHOD, threshold=threshold),
            InRangeValueCount(column=PREDICTION, left=low, right=high),
            ColumnCorrelations(column_name=PREDICTION),
        ]
    if drifting:
        metrics.append(
            DriftedColumnsCount(
                columns=drifting,
                num_method=NUMERIC_METHOD,
                num_threshold=threshold,
                cat_method=CATEGORY_METHOD,
                cat_threshold=threshold,
            )
        )
    watched = reference.watched
    columns = DataDefinition(
        numerical_columns=[*watched.numeric, PREDICTION], categorical_columns=list(watched.category)
    )
    return Report(metrics).run(
        Dataset.from_pandas(current, data_definition=columns),
        Dataset.from_pandas(reference.columns, data_definition=columns),
    )


def _values(metrics: list[dict[str, Any]], current: pd.DataFrame) -> ReportValues:
    values: dict[str, Any] = {}
    for metric in metrics:
        config = metric["config"]
        kind = config["type"].rpartition(":")[2]
        if kind != "ColumnCorrelationMatrix" or config["kind"] == CORRELATION:
            values[kind] = metric["value"]
    missing = values["DatasetMissingValueCount"]["count"]
    drifted = values.get("DriftedColumnsCount")
    in_range = values.get("InRangeValueCount")
    return ReportValues(
        prediction_drift=_number(values.get("ValueDrift")),
        num_drifted_columns=None if drifted is None else int(drifted["count"]),
        share_missing_values=float(missing) / current.size,  # Evidently's own share is per row, not per value
        value_range_share_in_range=_share_of_present(in_range, current),
        prediction_corr_with_features=_mean_strength(values.get("ColumnCorrelationMatrix")),
    )


def _share_of_present(in_range: dict[str, Any] | None, current: pd.DataFrame) -> float | None:
    return None if in_range is None else float(in_range["count"]) / int(current[PREDICTION].count())


def _mean_strength(matrix: dict[str, Any] | None) -> float | None:
    """Mean absolute rank correlation of the prediction with the numeric inputs that vary."""
    values = list(matrix["value"].values()) if matrix else []
    present = [abs(float(value)) for value in values if not math.isnan(value)]
    return sum(present) / len(present) if present else None


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
