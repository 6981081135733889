"""build/demo.html: what the demo made, on one page that asks nobody for anything."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from devstack.demo import charts
from devstack.demo.figures import Figures, unit_of

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>delivery-time: what the demo made</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --ink: #16191d; --soft: #565e68; --ground: #f6f7f8; --card: #fff; --edge: #d9dde2; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e9ecef; --soft: #a9b2bd; --ground: #12151a; --card: #1b2027; --edge: #343c46; }} }}
body {{ margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }}
main {{ max-width: 960px; margin: 0 auto; padding: 24px 16px; }}
section {{ background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 16px;
  margin: 0 0 16px; }}
h1, h2 {{ line-height: 1.25; }} h1 {{ font-size: 1.6rem; }} h2 {{ font-size: 1.1rem; margin: 0 0 8px; }}
p {{ margin: 0 0 8px; }} .soft {{ color: var(--soft); }} img {{ width: 100%; height: auto; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: 4px 12px 4px 0; border-bottom: 1px solid var(--edge);
  overflow-wrap: anywhere; }}
th {{ color: var(--soft); font-weight: 600; width: 10rem; }}
@media (max-width: 640px) {{
  th, td {{ display: block; width: auto; border: 0; padding: 0; }} td {{ padding: 0 0 8px; }} }}
pre {{ overflow-x: auto; margin: 0; }}
</style></head><body><main>
<h1>What the demo made</h1>
{parts}
</main></body></html>
"""


def write(path: Path, made: Figures, next_steps: Sequence[str]) -> None:
    """Write the page, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    scratch.write_text(PAGE.format(parts="\n".join(_parts(made, next_steps))), encoding="utf-8")
    scratch.replace(path)


def _parts(made: Figures, next_steps: Sequence[str]) -> Iterable[str]:
    yield _section("In short", _table(made.rows()))
    months = made.backtest.get("months", [])
    if months:
        names = [month["month"] for month in months]
        yield _section(
            "Error by month, against what is simpler",
            charts.lines("Error by month", "mean error, days", names, _errors(months)),
            "Each month is judged by a model that knew only what was known on its first day.",
        )
        yield _section(
            "Deliveries inside the 90 % interval, by month",
            charts.lines("Coverage by month", "share", names, {"inside": [each["coverage"] for each in months]}, 0.9),
            f"On average the interval is {made.backtest['mean_width_days']:.1f} days wide.",
        )
    else:
        yield _section("Error by month", "<p>Too few deliveries are known to judge months.</p>")
    unit, per_day = unit_of(made.answer["delivery_time_days"])
    points = [(days * per_day, share) for days, share in made.distribution]
    yield _section(
        "One answer, as a distribution",
        charts.cumulated("Share of such orders that has arrived", points, unit),
        f"Of orders like the one that was asked for, half have arrived after {points[1][0]:.1f} {unit}.",
    )
    weeks = made.weeks
    if weeks:
        series = {"mean error": [week.mae for week in weeks], "the median alone": [week.baseline_mae for week in weeks]}
        yield _section(
            f"{len(weeks)} weeks of monitoring",
            charts.lines("Error by week", "mean error, days", [week.end for week in weeks], series),
            "The champion over the shop's history, week by week. It has learned from most of these orders, so these "
            "errors are lower than those of new ones: what new orders have is above.",
        )
    yield _section("What next", "<pre>" + escape("\n".join(next_steps)) + "</pre>")


def _errors(months: Sequence[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Ours, the median's and the three-fact model's; those of rivals from their ratios, where the shop has them."""
    found: dict[str, list[float | None]] = {"delivery-time": [month["mae"] for month in months]}
    for name, ratio in (("one median for all", "mae_vs_median"), ("plain CatBoost on three facts", "mae_ratio")):
        values = [month["mae"] / month[ratio] if month[ratio] else None for month in months]
        if any(value is not None for value in values):
            found[name] = values
    return found


def _section(title: str, content: str, words: str = "") -> str:
    said = f'<p class="soft">{escape(words)}</p>' if words else ""
    return f"<section><h2>{escape(title)}</h2>{said}{content}</section>"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows)
    return f"<table>{''.join(lines)}</table>"
