"""The demo page's charts: SVG inside an `img`, in ink that is read on light and on dark."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, TypeAlias

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#7d8894"
COLOURS = ("#1f9a9a", "#d1702a", "#8a63d2", "#4a8f3c")
STYLES = ("-", "--", ":", "-.")
LOOK: dict[Any, Any] = {
    "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "text.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "svg.hashsalt": "demo",
}  # fmt: skip
MOST_TICKS = 8

Series: TypeAlias = Mapping[str, Sequence[float | None]]
"""Values by the name of their line, None where there is none."""


def lines(title: str, unit: str, names: Sequence[str], series: Series, level: float | None = None) -> str:
    """Named series over names of months or weeks. level: a line across, what was aimed at."""
    with rc_context(LOOK):
        figure, axes = _blank()
        for (name, values), colour, style in zip(series.items(), COLOURS, STYLES, strict=False):
            known = [float("nan") if value is None else value for value in values]
            axes.plot(range(len(names)), known, style, color=colour, label=name, linewidth=2)
        if level is not None:
            axes.axhline(level, color=INK, linestyle=":")
        step = -(-len(names) // MOST_TICKS)
        axes.set_xticks(range(0, len(names), step), names[::step])
        axes.set(ylabel=unit, ymargin=0.1)
        axes.legend(loc="best")
        return _image(figure, title)


def cumulated(title: str, points: Sequence[tuple[float, float]], unit: str) -> str:
    """The share of such orders that has arrived, by days: (days, share) in order."""
    with rc_context(LOOK):
        figure, axes = _blank()
        days, shares = zip(*points, strict=True)
        axes.plot(days, [100 * share for share in shares], marker="o", color=COLOURS[0], linewidth=2)
        axes.set(xlabel=f"{unit} from purchase", ylabel="% of such orders arrived", ylim=(0, 102), xlim=(0, None))
        axes.grid(color=INK, alpha=0.25)
        return _image(figure, title)


def _blank() -> tuple[Figure, Axes]:
    figure = Figure((9, 3.4), layout="constrained")
    return figure, figure.subplots()


def _image(figure: Figure, title: str) -> str:
    svg = io.BytesIO()
    figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
    source = base64.b64encode(svg.getvalue()).decode()
    return f'<img alt="{escape(title)}" src="data:image/svg+xml;base64,{source}">'
