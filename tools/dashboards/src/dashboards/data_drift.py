"""Dashboard: whether inputs and predictions still look like the training data's; the original's five metrics."""

from dashboards.dashboard import dashboard, source_variable, version_variable
from dashboards.model_quality import per_window
from dashboards.panels import panel, sql
from dashboards.runbook import Json
from monitor.windows.evidently_report import BASE_THRESHOLD, SAMPLING_NOISE

THRESHOLD = f"{BASE_THRESHOLD} + {SAMPLING_NOISE:g} / sqrt({{}})"


def build() -> Json:
    """The dashboard `data-drift`."""
    return dashboard(
        "data-drift",
        "Data drift",
        "Each window's orders and predictions against a sample of the training data.",
        [
            [
                panel(
                    "Drifted input columns",
                    sql(per_window("num_drifted_columns")),
                    "How many of seller region, customer latitude and customer longitude differ from the training "
                    f"data: Jensen-Shannon or Wasserstein distance above {THRESHOLD.format('rows')}.",
                    minimum=0,
                    maximum=3,
                    alert="input-drift",
                ),
                panel(
                    "Prediction drift",
                    sql(
                        per_window("prediction_drift"),
                        per_window(THRESHOLD.format("nullif(rows, 0)"), " threshold"),
                    ),
                    "Wasserstein distance of the predictions from the training data's, in standard deviations. "
                    "The threshold is what chance alone reaches once in a hundred windows of that size.",
                    minimum=0,
                    alert="prediction-drift",
                ),
            ],
            [
                panel(
                    "Missing values",
                    sql(per_window("share_missing_values")),
                    "Share of missing values among all values of the watched columns.",
                    unit="percentunit",
                    minimum=0,
                    alert="missing-values",
                ),
                panel(
                    "Predictions in range",
                    sql(per_window("value_range_share_in_range")),
                    "Share of this window's predictions between the 1st and the 99th percentile of the training "
                    "data's: about 98 % when nothing is wrong.",
                    unit="percentunit",
                    maximum=1,
                    alert="out-of-range",
                ),
            ],
            [
                panel(
                    "Correlation of prediction and inputs",
                    sql(per_window("prediction_corr_with_features")),
                    "Mean absolute rank correlation (Spearman) of the prediction with latitude and longitude. "
                    "Near zero: predictions no longer follow the inputs.",
                    minimum=0,
                    maximum=1,
                    alert="predictions-frozen",
                ),
                panel(
                    "Rows per window",
                    sql(per_window("rows")),
                    "Predictions in each window; drift needs 30.",
                    bars=True,
                    minimum=0,
                ),
            ],
        ],
        variables=[version_variable(), source_variable()],
        since="2017-01-01T00:00:00Z",
    )
