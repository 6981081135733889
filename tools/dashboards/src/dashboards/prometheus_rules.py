"""The rules that only Prometheus can judge, for the Prometheus operator of a cluster that has no Grafana of ours."""

from dashboards.grafana_rules import OWN_RULES, OwnRule
from dashboards.runbook import Json

SCRAPED = {"gateway": "http", "scorer": "metrics", "monitor": "metrics", "retrainer": "metrics"}
"""Pods that answer Prometheus, by the label `app`, and the names of their ports."""


def manifests() -> list[Json]:
    """A PodMonitor of each pod, whose series get the job's name that the rules know, and one PrometheusRule."""
    return [*map(_scraped, SCRAPED), _rules()]


def _scraped(app: str) -> Json:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": app},
        "spec": {
            "jobLabel": "app",
            "selector": {"matchLabels": {"app": app}},
            "podMetricsEndpoints": [{"port": SCRAPED[app], "path": "/metrics", "interval": "15s"}],
        },
    }


def _rules() -> Json:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "delivery-time"},
        "spec": {"groups": [{"name": "delivery-time", "rules": [_rule(rule) for rule in OWN_RULES]}]},
    }


def _rule(rule: OwnRule) -> Json:
    return {
        "alert": "".join(word.capitalize() for word in rule.name.split("-")),
        "expr": f"({rule.always}) {'>' if rule.worse == 'above' else '<'} {rule.opens:g}",
        "for": rule.pending,
        "labels": {"severity": rule.severity},
        "annotations": {"summary": f"{rule.title}: {{{{ $value }}}} (limit {rule.opens:g})", "runbook": rule.name},
    }
