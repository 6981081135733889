"""Alert rules, contact points and policies in Grafana's provisioning format."""

from collections.abc import Iterable
from typing import Literal

from common.database.alerts import Severity
from dashboards.grafana_rules import OWN_RULES, OwnRule
from dashboards.panels import PROMETHEUS, sql
from dashboards.runbook import Json, paragraph_url
from monitor.alerts.check import Check
from monitor.alerts.checks import CHECKS

FOLDER = "delivery-time"
RECEIVER = "webhook"

Evaluator = Literal["gt", "lt"]


def alert_rules() -> Json:
    """provisioning/alerting/rules.yaml"""
    return {
        "apiVersion": 1,
        "groups": [_group("monitor", map(_of_the_monitor, CHECKS)), _group("grafana", map(_own, OWN_RULES))],
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
                "group_by": ["alertname", "subject"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "12h",
            }
        ],
    }


def _group(name: str, rules: Iterable[Json]) -> Json:
    return {"orgId": 1, "name": name, "folder": FOLDER, "interval": "1m", "rules": list(rules)}


def _of_the_monitor(check: Check) -> Json:
    """Grafana raises what the monitor has opened in the table `alerts`, and closes it with it."""
    open_alerts = sql(
        f"""SELECT subject, message, 1 AS value FROM alerts
            WHERE rule = '{check.name}' AND status <> 'closed' ORDER BY subject""",  # noqa: S608
        form="table",
    )
    title = check.name.replace("-", " ").capitalize()
    summary = "{{ $labels.subject }}: {{ $labels.message }}"
    return _rule(check.name, title, open_alerts[0], "gt", 0, check.severity, summary, pending="0s", without_data="OK")


def _own(rule: OwnRule) -> Json:
    query = {"datasource": PROMETHEUS, "expr": rule.always, "instant": True, "range": False, "refId": "A"}
    evaluator: Evaluator = "gt" if rule.worse == "above" else "lt"
    summary = f"{rule.title}: {{{{ $values.A }}}} (limit {rule.opens:g})"
    return _rule(rule.name, rule.title, query, evaluator, rule.opens, rule.severity, summary, rule.pending, "Alerting")


def _rule(
    name: str,
    title: str,
    query: Json,
    evaluator: Evaluator,
    limit: float,
    severity: Severity,
    summary: str,
    pending: str,
    without_data: Literal["OK", "Alerting"],
) -> Json:
    """without_data: OK where no row is no alert; else it is one, for an answer is always due."""
    return {
        "uid": f"delivery-time-{name}",
        "title": title,
        "condition": "C",
        "for": pending,
        "noDataState": without_data,
        "execErrState": "Error",
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "runbook_url": paragraph_url(name)},
        "isPaused": False,
        "data": [
            {
                "refId": "A",
                "datasourceUid": query["datasource"]["uid"],
                "relativeTimeRange": {"from": 3600, "to": 0},
                "model": query,
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
