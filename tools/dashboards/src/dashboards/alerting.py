"""Alert rules, contact points and policies in Grafana's provisioning format."""

from typing import Any

from dashboards.batch import FAILED_SHARE, QUEUE_AGE
from dashboards.gateway import ERRORS
from dashboards.panels import POSTGRES, PROMETHEUS, sql
from dashboards.runbook import Json, paragraph_url
from dashboards.system import PREDICTION_AGE
from monitor.alerts import error_so_far, invalid_requests
from monitor.alerts.checks import METRICS_BEHIND, PACE_BEHIND
from monitor.alerts.rules import MIN_ACTUALS, RULES, SETTLED_AT_LAST, SETTLED_SHARE, SETTLING, Rule
from monitor.windows.present import END

FOLDER = "delivery-time"
RECEIVER = "webhook"

MODEL_VALUES = {
    "input-drift": "num_drifted_columns",
    "prediction-drift": "prediction_drift",
    "predictions-frozen": "CASE WHEN prediction_drift IS NOT NULL THEN coalesce(prediction_corr_with_features, 0) END",
    "missing-values": "share_missing_values",
    "out-of-range": "value_range_share_in_range",
    "worse-than-baseline": "mae / nullif(baseline_mae, 0)",
    "low-coverage": "interval_coverage",
}
"""The monitor's rules in SQL, so that Grafana raises them even when the monitor is down."""

_SETTLED = f"""rows_with_actual >= {MIN_ACTUALS} AND (
    window_end <= newest - interval '{SETTLED_AT_LAST.days} days'
    OR window_end <= newest - interval '{SETTLING.days} days' AND rows_with_actual >= {SETTLED_SHARE} * rows)"""


def alert_rules() -> Json:
    """provisioning/alerting/rules.yaml"""
    return {
        "apiVersion": 1,
        "groups": [
            _group("model", "5m", [*(_model_rule(rule) for rule in RULES), _error_so_far()]),
            _group(
                "pipeline",
                "1m",
                [
                    _rule("no-predictions", "No predictions", PREDICTION_AGE, "gt", 3600, "critical"),
                    _rule(
                        invalid_requests.RULE,
                        "Requests are invalid",
                        invalid_requests.QUERY.format(now="now()"),
                        "gt",
                        invalid_requests.OPENS,
                        "warning",
                    ),
                    _rule("stale-metrics", "Metrics are stale", METRICS_BEHIND, "gt", 14, "warning"),
                    _rule("stale-pace", "The delivery pace is stale", PACE_BEHIND, "gt", 2, "warning"),
                    _rule("job-failures", "Batch jobs fail", FAILED_SHARE, "gt", 0.1, "warning"),
                    _rule("queue-age", "Batch jobs wait", QUEUE_AGE, "gt", 300, "warning"),
                ],
            ),
            _group(
                "gateway",
                "1m",
                [
                    _rule("gateway-errors", "The gateway answers with errors", ERRORS, "gt", 0.05, "critical"),
                    _rule(
                        "gateway-latency",
                        "The gateway is slow",
                        "histogram_quantile(0.99, sum by (le) (rate(gateway_request_seconds_bucket[5m])))",
                        "gt",
                        0.5,
                        "warning",
                    ),
                ],
            ),
        ],
    }


def contact_points() -> Json:
    """provisioning/alerting/contact-points.yaml"""
    return {
        "apiVersion": 1,
        "contactPoints": [
            {
                "orgId": 1,
                "name": RECEIVER,
                "receivers": [
                    {
                        "uid": "delivery-time-webhook",
                        "type": "webhook",
                        "settings": {"url": "${GRAFANA_ALERT_WEBHOOK_URL}", "httpMethod": "POST"},
                    }
                ],
            }
        ],
    }


def policies() -> Json:
    """provisioning/alerting/policies.yaml"""
    return {
        "apiVersion": 1,
        "policies": [
            {
                "orgId": 1,
                "receiver": RECEIVER,
                "group_by": ["alertname", "model_version"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "12h",
            }
        ],
    }


def _group(name: str, interval: str, rules: list[Json]) -> Json:
    return {"orgId": 1, "name": name, "folder": FOLDER, "interval": interval, "rules": rules}


def _model_rule(rule: Rule) -> Json:
    """A rule of `monitor.alerts.rules` as SQL: the better of the newest windows must be beyond the limit: all are."""
    best = "min" if rule.worse == "above" else "max"
    settled = f"AND {_SETTLED}" if rule.settled else ""
    query = f"""
        SELECT model_version, {best}(value)::float8 AS value FROM (
            SELECT model_version, value, row_number() OVER (ORDER BY window_end DESC) AS age FROM (
                SELECT model_version, window_end, rows, rows_with_actual, {MODEL_VALUES[rule.name]} AS value,
                       max(window_end) OVER () AS newest,
                       first_value(model_version) OVER (ORDER BY window_end DESC, window_start DESC, id DESC) AS serving
                FROM model_metrics WHERE source = 'live' AND window_start < {END}
            ) AS windows
            WHERE value IS NOT NULL AND model_version = serving {settled}
        ) AS telling
        WHERE age <= {rule.windows} GROUP BY model_version HAVING count(*) = {rule.windows}"""  # noqa: S608
    evaluator = "gt" if rule.worse == "above" else "lt"
    return _rule(rule.name, rule.name.replace("-", " ").capitalize(), query, evaluator, rule.opens, rule.severity)


def _error_so_far() -> Json:
    query = f"SELECT model_version, surely / trained_mae AS value FROM ({error_so_far.QUERY}) AS recent"  # noqa: S608
    return _rule(error_so_far.RULE, "Worse than trained", query, "gt", error_so_far.LIMIT, "critical")


def _rule(name: str, title: str, query: str, evaluator: str, limit: float, severity: str) -> Json:
    from_sql = "select" in query.lower()
    source = POSTGRES if from_sql else PROMETHEUS
    model: dict[str, Any] = (
        sql(query, form="table")[0]
        if from_sql
        else {"datasource": PROMETHEUS, "expr": query, "instant": True, "range": False, "refId": "A"}
    )
    return {
        "uid": f"delivery-time-{name}",
        "title": title,
        "condition": "C",
        "for": "2m",
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {"severity": severity},
        "annotations": {
            "summary": f"{title}: {{{{ $values.A }}}} (limit {limit:g})",
            "runbook_url": paragraph_url(name),
        },
        "isPaused": False,
        "data": [
            {
                "refId": "A",
                "datasourceUid": source["uid"],
                "relativeTimeRange": {"from": 3600, "to": 0},
                "model": model,
            },
            {
                "refId": "C",
                "datasourceUid": "__expr__",
                "relativeTimeRange": {"from": 0, "to": 0},
                "model": {
                    "refId": "C",
                    "type": "threshold",
                    "expression": "A",
                    "datasource": {"type": "__expr__", "uid": "__expr__"},
                    "conditions": [{"evaluator": {"type": evaluator, "params": [limit]}}],
                },
            },
        ],
    }
