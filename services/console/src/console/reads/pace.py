"""The delivery pace of each region: now, its normal range, its course."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from common.database.tables import DeliveryPace
from common.model.pace import FEWEST_ORDERS

NORMAL = (0.05, 0.95)
"""The normal range: between these quantiles of the days learned from, as the monitor's alert has it."""


@dataclass(frozen=True)
class RegionPace:
    """A region's newest pace in days, and the range of normal days; None where too few orders tell.

    since: the first day from which on it has been outside that range; None if it is inside.
    """

    region: str
    day: date
    pace_days: float
    low: float | None
    high: float | None
    since: date | None = None

    @property
    def verdict(self) -> str:
        """slow, normal, fast, or unknown."""
        if self.low is None or self.high is None:
            return "unknown"
        return "slow" if self.pace_days > self.high else "fast" if self.pace_days < self.low else "normal"


@dataclass(frozen=True)
class PaceCourse:
    """One region's pace: days and values in days, in order."""

    region: str
    days: tuple[str, ...]
    pace_days: tuple[float, ...]


def present(session: Session, learned_until: date | None) -> list[RegionPace]:
    """Every region's newest pace, the slowest beside its range first. learned_until: of the training data."""
    trusted = select(
        DeliveryPace.region,
        *(func.percentile_cont(share).within_group(DeliveryPace.pace_days) for share in NORMAL),
    ).where(DeliveryPace.orders >= FEWEST_ORDERS)
    if learned_until:
        trusted = trusted.where(DeliveryPace.day <= learned_until)
    ranges = {region: (low, high) for region, low, high in session.execute(trusted.group_by(DeliveryPace.region))}
    each = select(DeliveryPace).ext(distinct_on(DeliveryPace.region))
    newest = each.order_by(DeliveryPace.region, DeliveryPace.day.desc())
    found = [
        _with_since(session, RegionPace(row.region, row.day, row.pace_days, *ranges.get(row.region, (None, None))))
        for row in session.scalars(newest)
    ]
    return sorted(found, key=lambda each: -(each.pace_days / each.high if each.high else 0.0))


def _with_since(session: Session, pace: RegionPace) -> RegionPace:
    if pace.verdict not in ("slow", "fast"):
        return pace
    days = select(func.max(DeliveryPace.day)).where(DeliveryPace.region == pace.region)
    usual = DeliveryPace.pace_days <= pace.high if pace.verdict == "slow" else DeliveryPace.pace_days >= pace.low
    last = session.scalar(days.where(usual))
    first = select(func.min(DeliveryPace.day)).where(DeliveryPace.region == pace.region)
    return replace(pace, since=session.scalar(first.where(DeliveryPace.day > last) if last else first))


def courses(session: Session, days: int) -> list[PaceCourse]:
    """Every region's pace over the newest so many days there are."""
    last = session.scalar(select(func.max(DeliveryPace.day)))
    if last is None:
        return []
    rows = session.execute(
        select(DeliveryPace.region, DeliveryPace.day, DeliveryPace.pace_days)
        .where(DeliveryPace.day > date.fromordinal(max(last.toordinal() - days, 1)))
        .order_by(DeliveryPace.region, DeliveryPace.day)
    )
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for region, day, pace in rows:
        found[region].append((day.isoformat(), round(pace, 2)))
    return [PaceCourse(region, *zip(*points, strict=True)) for region, points in found.items()]
