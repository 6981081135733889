"""Places as dots, longitude across and latitude up: enough to see a country without any map service."""

from collections.abc import Callable, Iterable, Mapping

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from console.frame.charts import INK
from console.reads.places import Place

ACCENT = "#2a9d9d"


def places_chart(
    label: str,
    places: Mapping[str, Iterable[Place]],
    colours: Mapping[str, str],
    picked: Callable[[EChartPointClickEventArguments], object] | None = None,
) -> ui.echart:
    """A picture of places by kind, each kind in its colour, else in the common one; its dots can be clicked."""
    axis = {
        "scale": True,
        "axisLine": {"onZero": False},
        "axisLabel": {"color": INK, "formatter": "{value}°"},
        "splitLine": {"show": False},
    }
    options = {
        "animation": False,
        "grid": {"left": 48, "right": 12, "top": 32 if len(places) > 1 else 8, "bottom": 28},
        "legend": {"show": len(places) > 1, "top": 0, "textStyle": {"color": INK}},
        "tooltip": {"trigger": "item"},
        "xAxis": axis,
        "yAxis": axis,
        "series": [
            {
                "type": "scatter",
                "name": kind,
                "symbolSize": 5,
                "itemStyle": {"color": colours.get(kind, ACCENT), "opacity": 0.55},
                "data": [{"value": [place.lng, place.lat], "name": place.region} for place in of_kind],
            }
            for kind, of_kind in places.items()
        ],
    }
    return ui.echart(options, on_point_click=picked).classes("chart").props(f'role="img" aria-label="{label}"')
