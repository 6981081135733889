"""The limits that panels draw, as the alerts have them: nothing is typed here a second time."""

from collections.abc import Sequence

from dashboards.grafana_rules import OWN_RULES
from monitor.alerts.checks import CHECKS

GREEN, YELLOW, RED = "green", "#EAB839", "red"

Steps = Sequence[tuple[float | None, str]]

RELATIVE = frozenset({"worse-than-trained", "pace-out-of-range", "source-out-of-share", "no-predictions"})
"""Their limits are factors of something that differs from version to version or from region to region."""


def above(notable: float, bad: float) -> Steps:
    """Thresholds of a value that should be small."""
    return [(None, GREEN), (notable, YELLOW), (bad, RED)]


def below(bad: float, notable: float) -> Steps:
    """Thresholds of a value that should be large."""
    return [(None, RED), (bad, YELLOW), (notable, GREEN)]


def limits(alert: str) -> Steps:
    """Yellow where an alert of this name would not close yet, red where it opens; none for what is no alert."""
    return _LIMITS.get(alert, [(None, GREEN)])


_LIMITS = {
    check.name: above(check.closes, check.opens) if check.worse == "above" else below(check.opens, check.closes)
    for check in CHECKS
    if check.name not in RELATIVE
} | {
    rule.name: above(rule.notable, rule.opens) if rule.worse == "above" else below(rule.opens, rule.notable)
    for rule in OWN_RULES
}
