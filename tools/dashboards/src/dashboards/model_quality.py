"""Dashboard: how good the predictions are, once the deliveries are known."""

from dashboards.dashboard import SOURCE, VERSION, dashboard, source_variable, version_variable
from dashboards.panels import panel, sql
from dashboards.runbook import Json


def per_window(value: str, label: str = "") -> str:
    """A metric of every window as a series for each source and version."""
    return f"""
        SELECT window_end AS time, source || ' ' || model_version || '{label}' AS metric, {value} AS value
        FROM model_metrics
        WHERE $__timeFilter(window_end) AND model_version IN ({VERSION}) AND source IN ({SOURCE})
        ORDER BY window_end"""  # noqa: S608 (Grafana fills its own variables in)


KEPT = f"""
    SELECT window_end AS time, source || ' ' || model_version || ' at ' || share AS metric,
           (counted ->> 'kept')::float8 / (counted ->> 'promises')::float8 AS value
    FROM model_metrics, jsonb_each(promises) AS given (share, counted)
    WHERE $__timeFilter(window_end) AND model_version IN ({VERSION}) AND source IN ({SOURCE})
    ORDER BY window_end"""  # noqa: S608 (Grafana fills its own variables in)


def build() -> Json:
    """The dashboard `model-quality`."""
    return dashboard(
        "model-quality",
        "Model quality",
        "Errors and interval coverage of each window, beside the delivery pace and what was done about it.",
        [
            [
                panel(
                    "Mean absolute error",
                    sql(
                        per_window("mae"),
                        per_window("baseline_mae", " baseline"),
                        per_window("trained_mae", " trained"),
                    ),
                    "Mean distance between predicted and real delivery, in days. The baseline predicts the training "
                    "data's median for every order: a model above it is worth nothing. Trained: the error on the "
                    "training data.",
                    unit="d",
                    minimum=0,
                    runbook="worse-than-baseline",
                ),
                panel(
                    "Interval coverage",
                    sql(per_window("interval_coverage")),
                    "Share of deliveries inside their 90 % interval.",
                    unit="percentunit",
                    minimum=0,
                    maximum=1,
                    alert="low-coverage",
                ),
            ],
            [
                panel(
                    "Root mean square error",
                    sql(per_window("rmse")),
                    "Like the mean absolute error, but single late deliveries count more.",
                    unit="d",
                    minimum=0,
                ),
                panel(
                    "Bias",
                    sql(per_window("bias")),
                    "Predicted minus real days: below zero, orders arrive later than predicted.",
                    unit="d",
                ),
            ],
            [
                panel(
                    "Promises kept",
                    sql(KEPT),
                    "Share of the promises that were kept, by their on-time share, of orders that have arrived. That "
                    "at 0.95 is the upper end of the interval. Of a young window the slow orders are missing.",
                    unit="percentunit",
                    minimum=0,
                    maximum=1,
                    runbook="promises-missed",
                ),
            ],
            [
                panel(
                    "Delivery pace by region",
                    sql(
                        """SELECT day::timestamptz AS time, region AS metric, pace_days AS value
                           FROM delivery_pace WHERE $__timeFilter(day::timestamptz) ORDER BY day"""
                    ),
                    "Days that deliveries take at present, estimated from recent orders, those under way included: "
                    "the earliest sign of a wave of delays.",
                    unit="d",
                    runbook="pace-out-of-range",
                ),
                panel(
                    "Orders and known deliveries",
                    sql(per_window("rows", " orders"), per_window("rows_with_actual", " delivered")),
                    "Predictions of each window, and those of them whose delivery is known by now.",
                    bars=True,
                    minimum=0,
                ),
            ],
            [
                panel(
                    "Alerts",
                    sql(
                        """SELECT opened_at, status, severity, rule, subject, message, acknowledged_by, closed_at
                           FROM alerts ORDER BY status = 'closed', opened_at DESC LIMIT 50""",
                        form="table",
                    ),
                    "The monitor's own alerts: open first. `monitor alerts ack ID` says that you look after one.",
                    kind="table",
                    runbook="alerts",
                ),
                panel(
                    "Retrainings",
                    sql(
                        """SELECT requested_at, status, reason, started_at, finished_at, model_version, outcome
                           FROM retrainings ORDER BY requested_at DESC LIMIT 50""",
                        form="table",
                    ),
                    "Retrainings requested by alerts or by schedule, and what the promotion gate decided.",
                    kind="table",
                    runbook="retraining",
                ),
            ],
            [
                panel(
                    "Windows",
                    sql(
                        f"""SELECT window_start, window_end, source, model_version, rows, rows_with_actual, mae,
                                   interval_coverage, num_drifted_columns, note, report_uri
                            FROM model_metrics
                            WHERE $__timeFilter(window_end)
                              AND model_version IN ({VERSION}) AND source IN ({SOURCE})
                            ORDER BY window_end DESC LIMIT 500""",  # noqa: S608
                        form="table",
                    ),
                    "Every window with why a figure is missing, and the address of its full Evidently report.",
                    kind="table",
                )
            ],
        ],
        variables=[version_variable(), source_variable()],
        since="2017-01-01T00:00:00Z",
    )
