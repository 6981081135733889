"""What Grafana alerts on by itself: that the monitor is down, and what only Prometheus knows, the gateway first."""

from dataclasses import dataclass
from typing import Literal

from common.database.alerts import Severity


@dataclass(frozen=True, kw_only=True)
class OwnRule:
    """A rule on a Prometheus expression.

    name: also of its paragraph in docs/runbook.md. expression: gives one value, or none when nothing answers.
    notable: from where a panel turns yellow; the rule itself opens beyond `opens`, after `pending`.
    """

    name: str
    title: str
    severity: Severity
    expression: str
    opens: float
    notable: float
    worse: Literal["above", "below"] = "above"
    pending: str = "2m"

    @property
    def always(self) -> str:
        """The expression, 0 when nothing answers: no rule is silent because what it asks about is gone."""
        return f"{self.expression} or vector(0)"


GATEWAYS_UP = 'sum(up{job="gateway"})'
SERVER_ERRORS = 'sum(rate(gateway_requests_total{status=~"5.."}[5m])) / sum(rate(gateway_requests_total[5m]))'
REGISTRY_AGE = "time() - min(gateway_champion_checked_timestamp_seconds)"
BUFFERED = "sum(gateway_log_buffered)"

OWN_RULES = (
    OwnRule(
        name="monitor-down",
        title="The monitor raises no alerts",
        severity="critical",
        expression='sum(increase(worker_tasks_total{task="monitor.check",state="SUCCESS"}[10m]))',
        worse="below",
        opens=1,
        notable=2,
        pending="5m",  # the first checks of a worker that has just started are no increase yet
    ),
    OwnRule(
        name="gateway-down",
        title="No gateway answers",
        severity="critical",
        expression=GATEWAYS_UP,
        worse="below",
        opens=1,
        notable=1,
    ),
    OwnRule(
        name="gateway-errors",
        title="The gateway answers with errors",
        severity="critical",
        expression=SERVER_ERRORS,
        opens=0.05,
        notable=0.01,
    ),
    OwnRule(
        name="gateway-latency",
        title="The gateway is slow",
        severity="warning",
        expression="histogram_quantile(0.99, sum by (le) (rate(gateway_request_seconds_bucket[5m])))",
        opens=0.5,
        notable=0.1,
    ),
    OwnRule(
        name="registry-away",
        title="The gateway does not reach the registry",
        severity="warning",
        expression=REGISTRY_AGE,
        opens=300,
        notable=60,
    ),
    OwnRule(
        name="prediction-log",
        title="Predictions do not reach the log",
        severity="warning",
        expression=f"{BUFFERED} + sum(increase(gateway_log_dropped_total[5m]))",
        opens=50_000,
        notable=10_000,
    ),
)
