"""Panels and targets in Grafana's dashboard JSON (schema version 41, Grafana 12)."""

from common.database.present import PRESENT
from dashboards.limits import Steps, limits
from dashboards.runbook import Json, paragraph_url
from monitor.alerts.check import QueryCheck

POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "delivery-time-postgres"}
PROMETHEUS = {"type": "prometheus", "uid": "delivery-time-prometheus"}


def sql(*queries: str, form: str = "time_series") -> list[Json]:
    """Targets of the Postgres data source, lettered from A."""
    return [
        {
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": form,
            "rawQuery": True,
            "rawSql": " ".join(query.split()),
            "refId": chr(ord("A") + number),
        }
        for number, query in enumerate(queries)
    ]


def value_of(check: QueryCheck) -> list[Json]:
    """The value that a check of the monitor judges, as it is now."""
    return sql(check.query.replace(":now", "now()").replace(":present", PRESENT), form="table")


def promql(*queries: tuple[str, str]) -> list[Json]:
    """Targets of the Prometheus data source from (expression, legend) pairs."""
    return [
        {
            "datasource": PROMETHEUS,
            "editorMode": "code",
            "expr": expression,
            "legendFormat": legend,
            "range": True,
            "refId": chr(ord("A") + number),
        }
        for number, (expression, legend) in enumerate(queries)
    ]


def panel(
    title: str,
    targets: list[Json],
    description: str,
    *,
    unit: str = "short",
    kind: str = "timeseries",
    alert: str = "",
    thresholds: Steps = (),
    runbook: str = "",
    bars: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Json:
    """One panel without its place.

    alert: whose value the panel shows; its limits are drawn. runbook: the paragraph to link to, if not the alert's.
    """
    runbook = runbook or alert
    thresholds = thresholds or limits(alert)
    drawn = len(thresholds) > 1
    defaults: Json = {
        "unit": unit,
        "color": {"mode": "palette-classic" if kind == "timeseries" else "thresholds"},
        "thresholds": {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in thresholds]},
    }
    if minimum is not None:
        defaults["min"] = minimum
    if maximum is not None:
        defaults["max"] = maximum
    if kind == "timeseries":
        defaults["custom"] = {
            "drawStyle": "bars" if bars else "line",
            "fillOpacity": 60 if bars else 8,
            "lineWidth": 1,
            "pointSize": 4,
            "showPoints": "auto",
            "spanNulls": False,
            "thresholdsStyle": {"mode": "dashed" if drawn else "off"},
        }
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": targets[0]["datasource"],
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(kind),
        "links": [{"title": "What to do", "url": paragraph_url(runbook), "targetBlank": True}] if runbook else [],
    }


def _options(kind: str) -> Json:
    if kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if kind == "stat":
        return {
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": "auto",
        }
    return {"showHeader": True, "cellHeight": "sm"}
