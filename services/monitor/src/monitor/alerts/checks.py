"""Every alert of the system but those that the monitor cannot raise itself (see `dashboards.own_rules`).

Dashboards, Grafana's rules, the runbook's test and retraining derive from CHECKS: a new alert is a check in it and a
paragraph in docs/runbook.md.
"""

from common.database.alerts import apply
from common.database.tables import Alert
from monitor.alerts.batch_jobs import JOB_FAILURES, QUEUE_AGE
from monitor.alerts.check import Check, Situation
from monitor.alerts.clocks import CLOCK_SKEW, LOG_DELAY
from monitor.alerts.error_so_far import ErrorSoFar
from monitor.alerts.failed_retrainings import FAILED_RETRAININGS
from monitor.alerts.impossible_actuals import ImpossibleActuals
from monitor.alerts.invalid_requests import INVALID_REQUESTS
from monitor.alerts.kept_promises import KEPT_PROMISES
from monitor.alerts.pace import PaceOutOfRange, SourceOutOfShare
from monitor.alerts.silence import Silence
from monitor.alerts.staleness import STALE_METRICS, STALE_PACE
from monitor.alerts.window_rules import WINDOW_RULES

CHECKS: tuple[Check, ...] = (
    *WINDOW_RULES,
    KEPT_PROMISES,
    ErrorSoFar(),
    PaceOutOfRange(),
    SourceOutOfShare(),
    Silence(),
    INVALID_REQUESTS,
    ImpossibleActuals(),
    CLOCK_SKEW,
    LOG_DELAY,
    STALE_METRICS,
    STALE_PACE,
    QUEUE_AGE,
    JOB_FAILURES,
    FAILED_RETRAININGS,
)

RETRAINING_RULES = frozenset(check.name for check in CHECKS if check.retrains)


def run_checks(situation: Situation) -> list[Alert]:
    """Open and close alerts; returns those that changed."""
    return [
        alert
        for check in CHECKS
        for alert in apply(situation.session, check.name, check.severity, check.findings(situation))
    ]
