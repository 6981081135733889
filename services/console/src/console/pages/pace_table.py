"""The regions' present pace, as a table."""

from datetime import UTC, datetime

from console.frame.markup import table, tag, text
from console.frame.words import ago, day, number
from console.reads.pace import RegionPace


def draw_pace(found: list[RegionPace]) -> None:
    """The regions' present pace beside what is normal there."""
    if not found:
        text("p", "No delivery pace is known yet: it comes with the first registered model.")
        return
    newest = max(region.day for region in found)
    text("p", f"Days to deliver, as of {newest} ({ago(datetime.combine(newest, datetime.min.time(), UTC))}).")
    table(
        "Delivery pace by region",
        ("region", "#days now", "#normally", "verdict", "@since"),
        [
            (
                region.region,
                number(region.pace_days, 1),
                f"{number(region.low, 1)} to {number(region.high, 1)}",
                tag(region.verdict),
                day(region.since),
            )
            for region in found
        ],
        "compact",
    )
