"""Dashboard: the HTTP service, from Prometheus."""

from dashboards.dashboard import dashboard
from dashboards.grafana_rules import BUFFERED, REGISTRY_AGE, SERVER_ERRORS
from dashboards.panels import panel, promql, sql
from dashboards.runbook import Json


def quantile(share: float) -> str:
    """A quantile of the time to answer, per route."""
    return f"histogram_quantile({share}, sum by (le, route) (rate(gateway_request_seconds_bucket[5m])))"


def build() -> Json:
    """The dashboard `gateway`."""
    return dashboard(
        "gateway",
        "Gateway",
        "Traffic, errors and latency of the HTTP service, and the model it serves.",
        [
            [
                panel(
                    "Requests",
                    promql(("sum by (route) (rate(gateway_requests_total[5m]))", "{{route}}")),
                    "Requests per second by route.",
                    unit="reqps",
                    minimum=0,
                ),
                panel(
                    "Errors",
                    promql(
                        (SERVER_ERRORS, "5xx"),
                        (
                            'sum(rate(gateway_requests_total{status=~"4.."}[5m]))'
                            " / sum(rate(gateway_requests_total[5m]))",
                            "4xx",
                        ),
                    ),
                    "Share of requests answered with a server error (5xx) or refused (4xx).",
                    unit="percentunit",
                    minimum=0,
                    alert="gateway-errors",
                ),
            ],
            [
                panel(
                    "Latency",
                    promql(
                        (quantile(0.5), "p50 {{route}}"),
                        (quantile(0.95), "p95 {{route}}"),
                        (quantile(0.99), "p99 {{route}}"),
                    ),
                    "Time to answer, by route.",
                    unit="s",
                    minimum=0,
                    alert="gateway-latency",
                ),
                panel(
                    "Requests in progress",
                    promql(("sum(gateway_requests_waiting)", "in progress")),
                    "Requests that were taken and not answered yet.",
                    minimum=0,
                ),
            ],
            [
                panel(
                    "Serving workers by model version",
                    promql(("sum by (version) (gateway_workers_serving)", "version {{version}}")),
                    "A promotion shows as one line going down while the other goes up.",
                    minimum=0,
                ),
                panel(
                    "Age of the last answer of the registry",
                    promql((REGISTRY_AGE, "age")),
                    "While the registry is away the gateway goes on with the champion it has.",
                    unit="s",
                    minimum=0,
                    alert="registry-away",
                ),
            ],
            [
                panel(
                    "Predicted days",
                    promql(
                        (
                            "histogram_quantile(0.5, sum by (le) (rate(gateway_predicted_days_bucket[15m])))",
                            "median",
                        ),
                        (
                            "histogram_quantile(0.95, sum by (le) (rate(gateway_predicted_days_bucket[15m])))",
                            "95th percentile",
                        ),
                    ),
                    "Median and 95th percentile of the champion's predictions.",
                    unit="d",
                    minimum=0,
                ),
                panel(
                    "Prediction log",
                    promql(
                        (BUFFERED, "waiting in the gateway"),
                        ("sum(increase(gateway_log_dropped_total[5m]))", "dropped in 5 minutes"),
                    ),
                    "Predictions on their way into the log; dropped ones are missing in every metric.",
                    minimum=0,
                    alert="prediction-log",
                ),
            ],
            [
                panel(
                    "Predictions logged",
                    sql(
                        """SELECT $__timeGroupAlias(predicted_at, '5m'), model_version AS metric, count(*) AS value
                           FROM predictions WHERE $__timeFilter(predicted_at) GROUP BY 1, 2 ORDER BY 1"""
                    ),
                    "Predictions that arrived in Postgres, per five minutes and version.",
                    bars=True,
                    minimum=0,
                    runbook="no-predictions",
                )
            ],
        ],
        since="now-6h",
        refresh="30s",
    )
