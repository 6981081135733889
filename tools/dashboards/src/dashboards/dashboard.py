"""A dashboard from its panels: places, variables, annotations, links to the others."""

from collections.abc import Sequence
from typing import Any

from dashboards.panels import POSTGRES, sql
from dashboards.runbook import Json

COLUMNS = 24

VERSION = "${version:sqlstring}"
SOURCE = "${source:sqlstring}"


def dashboard(
    uid: str,
    title: str,
    description: str,
    rows: Sequence[Sequence[Json]],
    *,
    variables: Sequence[Json] = (),
    since: str = "now-7d",
    refresh: str = "1m",
) -> Json:
    """A read-only dashboard; each row's panels share its width."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["delivery-time"],
        "timezone": "utc",
        "schemaVersion": 41,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": since, "to": "now"},
        "refresh": refresh,
        "templating": {"list": list(variables)},
        "annotations": {"list": [_promotions(), _alerts()]},
        "links": [
            {
                "title": "Dashboards",
                "type": "dashboards",
                "tags": ["delivery-time"],
                "asDropdown": True,
                "includeVars": True,
                "keepTime": True,
            },
            {"title": "Runbook", "type": "link", "url": "/d/runbook", "targetBlank": False, "icon": "doc"},
        ],
        "panels": _placed(rows),
    }


def version_variable() -> Json:
    """Model versions, newest first, all at once by default."""
    query = "SELECT model_version FROM model_metrics GROUP BY model_version ORDER BY max(window_end) DESC"
    return {
        "name": "version",
        "label": "Model version",
        "description": "Versions of the model that have metrics",
        "type": "query",
        "datasource": POSTGRES,
        "query": query,
        "definition": query,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def source_variable() -> Json:
    """Live traffic or history."""
    choices = ("live", "backfill")
    return {
        "name": "source",
        "label": "Source",
        "description": "live: what the gateway answered; backfill: the champion over history",
        "type": "custom",
        "query": ",".join(choices),
        "multi": True,
        "includeAll": False,
        "current": {"text": list(choices), "value": list(choices)},
        "options": [{"text": choice, "value": choice, "selected": True} for choice in choices],
    }


def _placed(rows: Sequence[Sequence[Json]]) -> list[Json]:
    placed: list[Json] = []
    top = 0
    for row in rows:
        height = 4 if all(panel["type"] == "stat" for panel in row) else 8
        width = COLUMNS // len(row)
        for number, panel in enumerate(row):
            place = {"x": number * width, "y": top, "w": width, "h": height}
            placed.append({"id": len(placed) + 1, "gridPos": place, **panel})
        top += height
    return placed


def _annotation(name: str, color: str, query: str) -> Json:
    target: dict[str, Any] = sql(query, form="table")[0] | {"refId": name}
    return {"name": name, "datasource": POSTGRES, "enable": True, "iconColor": color, "target": target}


def _promotions() -> Json:
    return _annotation(
        "Promotions",
        "blue",
        """SELECT happened_at AS time, event || ' version ' || model_version AS text, actor AS tags
           FROM model_events WHERE $__timeFilter(happened_at) ORDER BY happened_at""",
    )


def _alerts() -> Json:
    return _annotation(
        "Alerts",
        "red",
        """SELECT opened_at AS time, closed_at AS timeend, rule || ': ' || message AS text, severity AS tags
           FROM alerts WHERE $__timeFilter(opened_at) ORDER BY opened_at""",
    )
