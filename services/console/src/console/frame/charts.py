"""Lines over time, in colours that are read on light and on dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import ui

INK = "#7d8894"
FAINT = {"color": "#7d8894", "opacity": 0.3}
COLOURS = ("#1f9a9a", "#d1702a", "#8a63d2", "#4a8f3c", "#c2416b", "#3f78c9", "#a38a1a")

STYLES = ("solid", "dashed", "dotted")
"""So that lines differ without their colours, too."""


@dataclass(frozen=True)
class Line:
    """A named line: moments (ISO 8601) with values, None where there is none."""

    name: str
    points: Sequence[tuple[str, float | None]]


def line_chart(
    label: str,
    lines: Sequence[Line],
    unit: str,
    marks: Sequence[tuple[datetime, str]] = (),
    level: float | None = None,
) -> ui.echart:
    """Lines over time. marks: moments with a word, upright lines. level: a line across, e.g. what was aimed at."""
    axis = {"axisLabel": {"color": INK}, "axisLine": {"lineStyle": {"color": INK}}, "splitLine": {"lineStyle": FAINT}}
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": line.name,
            "data": [list(point) for point in line.points],
            "showSymbol": len(line.points) < 60,
            "symbolSize": 5,
            "sampling": "lttb",
            "itemStyle": {"color": COLOURS[number % len(COLOURS)]},
            "lineStyle": {"type": STYLES[number % len(STYLES)], "width": 2},
        }
        for number, line in enumerate(lines)
    ]
    if series:
        ups: list[dict[str, Any]] = [{"xAxis": at.isoformat(), "name": word} for at, word in marks]
        across = [] if level is None else [{"yAxis": level, "name": "aim"}]
        series[0]["markLine"] = {"symbol": "none", "data": [*ups, *across], "label": {"formatter": "{b}", "color": INK}}
    options = {
        "animation": False,
        "grid": {"left": 52, "right": 24, "top": 48, "bottom": 32},
        "legend": {"top": 0, "type": "scroll", "textStyle": {"color": INK}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time", **axis},
        "yAxis": {"type": "value", "scale": True, "name": unit, "nameTextStyle": {"color": INK}, **axis},
        "series": series,
    }
    return ui.echart(options).classes("chart").props(f'role="img" aria-label="{label}"')


def curve(label: str, points: Sequence[tuple[float, float]], unit: str) -> ui.echart:
    """A rising line over numbers, as percent."""
    axis = {"axisLabel": {"color": INK}, "splitLine": {"lineStyle": FAINT}, "nameTextStyle": {"color": INK}}
    options = {
        "animation": False,
        "grid": {"left": 52, "right": 24, "top": 16, "bottom": 48},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "value", "name": unit, "nameLocation": "middle", "nameGap": 28, **axis},
        "yAxis": {"type": "value", "min": 0, "max": 100, **axis, "axisLabel": {"color": INK, "formatter": "{value} %"}},
        "series": [
            {
                "type": "line",
                "smooth": True,
                "smoothMonotone": "x",
                "data": [[round(each, 2) for each in point] for point in points],
                "itemStyle": {"color": COLOURS[0]},
                "lineStyle": {"width": 2},
            }
        ],
    }
    return ui.echart(options).classes("chart short").props(f'role="img" aria-label="{label}"')
