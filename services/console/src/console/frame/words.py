"""Numbers, moments and spans of time as people read them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

UNITS = (("days", 1), ("hours", 24), ("minutes", 1_440))


class Words:
    """Writes moments in one time zone, numbers with thousands separated."""

    def __init__(self, time_zone: str) -> None:
        self.zone = ZoneInfo(time_zone)

    def moment(self, at: datetime | str | None) -> str:
        """`2026-11-27 21:30 UTC`; a dash for none. Text is ISO 8601, UTC where it names no zone."""
        if at is None or at == "":
            return "–"
        parsed = datetime.fromisoformat(at) if isinstance(at, str) else at
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return f"{aware.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"

    def time(self, at: datetime) -> str:
        """`21:30:05 UTC`"""
        return f"{at.astimezone(self.zone):%H:%M:%S %Z}"


def number(value: float | None, digits: int = 0) -> str:
    """`12,345` or, with digits, `5.06`; a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None, digits: int = 0) -> str:
    """0.905 as `91 %`; a dash for none."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def span(length: timedelta) -> str:
    """`8 years`, `3 days`, `5 hours`, `12 minutes`, `8 seconds`: the largest unit of which there are two."""
    seconds = max(length.total_seconds(), 0.0)
    for name, size in (("year", 31_557_600), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}s"
    return f"{seconds:.0f} seconds"


def unit_of(days: float) -> tuple[str, int]:
    """The unit to say a time in, the largest of which it has two, and how many of it are a day."""
    return next((unit for unit in UNITS if abs(days) * unit[1] >= 2), UNITS[-1])


def lasting(days: float) -> str:
    """`4.2 days`, `7.5 hours`, `32.0 minutes`"""
    unit, per_day = unit_of(days)
    return f"{number(days * per_day, 1)} {unit}"


def ago(at: datetime) -> str:
    """`3 days ago`"""
    return f"{span(datetime.now(UTC) - at)} ago"


def size(count: int) -> str:
    """Bytes as `1.5 MB`."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1_000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:,.1f} GB"


def day(of: date | None) -> str:
    """`2018-03-05`; a dash for none."""
    return "–" if of is None else of.isoformat()
