"""Places as dots, longitude across and latitude up: enough to see a country without any map service."""

from collections.abc import Callable, Sequence

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from console.reads.places import Point

INK = "#7d8894"
ACCENT = "#2a9d9d"


def places_chart(points: Sequence[Point], picked: Callable[[EChartPointClickEventArguments], object]) -> ui.echart:
    """A picture whose dots can be clicked."""
    axis = {"scale": True, "axisLabel": {"color": INK, "formatter": "{value}°"}, "splitLine": {"show": False}}
    options = {
        "animation": False,
        "grid": {"left": 48, "right": 12, "top": 8, "bottom": 28},
        "tooltip": {"trigger": "item"},
        "xAxis": axis,
        "yAxis": axis,
        "series": [
            {
                "type": "scatter",
                "name": "longitude, latitude",
                "symbolSize": 5,
                "itemStyle": {"color": ACCENT, "opacity": 0.55},
                "data": points,
            }
        ],
    }
    return ui.echart(options, on_point_click=picked).classes("chart").props('role="img" aria-label="Places as dots"')
