"""Dashboard: whether the parts are there and keep up."""

from dashboards.dashboard import dashboard
from dashboards.grafana_rules import GATEWAYS_UP
from dashboards.limits import above
from dashboards.panels import panel, promql, sql, value_of
from dashboards.runbook import Json
from monitor.alerts.staleness import STALE_METRICS, STALE_PACE

PREDICTION_AGE = """
    SELECT extract(epoch FROM now() - max(predicted_at))::float8 AS value FROM predictions"""


def build() -> Json:
    """The dashboard `system`."""
    return dashboard(
        "system",
        "System",
        "Freshness of predictions, metrics and pace; targets; size of the database; what happened to models.",
        [
            [
                panel(
                    "Gateways up",
                    promql((GATEWAYS_UP, "gateways")),
                    "Gateways that answer Prometheus.",
                    kind="stat",
                    alert="gateway-down",
                ),
                panel(
                    "Last prediction",
                    sql(PREDICTION_AGE, form="table"),
                    "Age of the newest prediction in the log.",
                    kind="stat",
                    unit="s",
                    alert="no-predictions",
                ),
                panel(
                    "Metrics behind predictions",
                    value_of(STALE_METRICS),
                    "By how many windows the newest live one ends before the newest order; zero is right.",
                    kind="stat",
                    alert="stale-metrics",
                ),
                panel(
                    "Pace behind orders",
                    value_of(STALE_PACE),
                    "By how much the newest delivery pace is older than the newest order with an id; zero is right.",
                    kind="stat",
                    unit="d",
                    alert="stale-pace",
                ),
            ],
            [
                panel(
                    "Predictions and actuals per hour",
                    sql(
                        """SELECT $__timeGroupAlias(predicted_at, '1h'), 'predictions' AS metric, count(*) AS value
                           FROM predictions WHERE $__timeFilter(predicted_at) GROUP BY 1 ORDER BY 1""",
                        """SELECT $__timeGroupAlias(received_at, '1h'), 'actuals' AS metric, count(*) AS value
                           FROM actuals WHERE $__timeFilter(received_at) GROUP BY 1 ORDER BY 1""",
                    ),
                    "What arrived in Postgres: answers of the gateway, and late labels.",
                    bars=True,
                    minimum=0,
                ),
                panel(
                    "Size of the tables",
                    sql(
                        """SELECT relname AS "table", pg_total_relation_size(oid) AS bytes
                           FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                           ORDER BY bytes DESC LIMIT 12""",
                        form="table",
                    ),
                    "Tables with their indexes, largest first.",
                    kind="table",
                    unit="bytes",
                ),
            ],
            [
                panel(
                    "Workers up",
                    promql(('sum by (job) (up{job=~"scorer|monitor|trainer"})', "{{job}}")),
                    "Workers of scorer, monitor and trainer that answer Prometheus.",
                    minimum=0,
                    runbook="stale-metrics",
                ),
                panel(
                    "Tasks of the workers",
                    promql(("sum by (task, state) (rate(worker_tasks_total[5m]))", "{{task}} {{state}}")),
                    "Tasks that ended in a second, by how they ended: FAILURE wants a look at the worker's log.",
                    unit="reqps",
                    minimum=0,
                ),
                panel(
                    "How long tasks take",
                    promql(
                        (
                            "sum by (task) (rate(worker_task_seconds_sum[15m])) "
                            "/ sum by (task) (rate(worker_task_seconds_count[15m]))",
                            "{{task}}",
                        )
                    ),
                    "Mean seconds of a task of each kind.",
                    unit="s",
                    minimum=0,
                ),
                panel(
                    "Notifications that wait",
                    sql("SELECT count(*)::float8 AS waiting FROM notifications WHERE sent_at IS NULL", form="table"),
                    "Alerts that the webhook has not taken yet.",
                    kind="stat",
                    thresholds=above(1, 10),
                    runbook="alerts",
                ),
            ],
            [
                panel(
                    "What happened to models",
                    sql(
                        """SELECT happened_at, event, model_version, actor, reason
                           FROM model_events ORDER BY happened_at DESC LIMIT 100""",
                        form="table",
                    ),
                    "Registered, promoted, rolled back, swapped in by a gateway.",
                    kind="table",
                )
            ],
        ],
        since="now-24h",
        refresh="30s",
    )
