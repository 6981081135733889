"""What the rows of a file or frame ask for beside their days: a promise, and the probability of a date. Needs pyarrow.

Requests ask by fields of the same names (`common.orders.promises`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from common.arrays import Floats
from common.orders.clock import Clock
from common.orders.fields import OrderField
from common.orders.moments import implausible
from common.orders.names import DELIVER_BY, ON_TIME_SHARE
from common.orders.promises import DATE_OR_MOMENT, LEAST_SHARE, MOST_SHARE, SHARE, deliver_by_of, end_of
from common.orders.validation import SHOWN, Moments, Problems, Validated, as_seconds, numbers_of

SHARES: Final = OrderField(ON_TIME_SHARE, "number", (LEAST_SHARE, MOST_SHARE))
DAY = np.timedelta64(86_400, "s")


@dataclass(frozen=True)
class Wishes:
    """shares: on-time shares, by_days: days until `deliver_by`, of n orders; NaN for those that do not ask, None where
    none can."""

    shares: Floats | None = None
    by_days: Floats | None = None


def wishes_of(columns: Mapping[str, pa.Array], checked: Validated, clock: Clock) -> tuple[Validated, Wishes]:
    """What the good ones of the checked rows ask for; a wish that none can have costs its row, with the reason."""
    if ON_TIME_SHARE not in columns and DELIVER_BY not in columns:
        return checked, Wishes()
    rows, problems = np.flatnonzero(checked.good), dict[int, str]()
    given = {name: columns[name].take(pa.array(rows)) for name in (ON_TIME_SHARE, DELIVER_BY) if name in columns}
    found: dict[str, Floats] = {}
    if ON_TIME_SHARE in given:
        found["shares"], wrong = numbers_of(SHARES, given[ON_TIME_SHARE])
        for row, reason in wrong.items():
            share = found["shares"][row]
            got = reason.partition(" (got ")[2] if np.isnan(share) else f"{share:g})"
            problems[row] = f"{ON_TIME_SHARE} must be {SHARE} (got {got}"
    if DELIVER_BY in given:
        found["by_days"], wrong = _days_until(given[DELIVER_BY], checked.orders.purchase_timestamp, clock)
        problems |= {row: "; ".join(filter(None, (problems.get(row), reason))) for row, reason in wrong.items()}
    if not problems:
        return checked, Wishes(**found)
    good, kept = checked.good.copy(), np.ones(len(rows), dtype=np.bool_)
    good[rows[list(problems)]] = kept[list(problems)] = False
    reasons = checked.reasons | {int(rows[row]): reason for row, reason in problems.items()}
    left = Validated(checked.orders.where(kept), good, {row: reasons[row] for row in sorted(reasons)})
    return left, Wishes(**{name: values[kept] for name, values in found.items()})


def _days_until(column: pa.Array, purchase: Moments, clock: Clock) -> tuple[Floats, Problems]:
    """Days from n purchases (UTC) to the ends of dates on the shop's clock, or to moments; NaN for nothing said."""
    ends, shown, problems = _ends(column, clock)
    days = (ends - purchase) / DAY
    early = np.flatnonzero(days <= 0)
    for row, bought in zip(early.tolist(), clock.local(purchase[early]), strict=True):
        said = f"got {shown[row].as_py()}, bought {bought} on the shop's clock"
        problems[row] = f"{DELIVER_BY} must not be before the purchase ({said})"
    return days, problems


def _ends(column: pa.Array, clock: Clock) -> tuple[Moments, pa.Array, Problems]:
    """When the dates of a column end, or its moments, in UTC; what it says, as texts; what says neither."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        ends, shown = as_seconds(column), column.cast(pa.string())
        wrong = np.flatnonzero(implausible(ends)).tolist()
        if pa.types.is_date(column.type):
            ends = clock.utc(ends + DAY)
        elif column.type.tz is None:
            ends = clock.utc(ends)
    else:
        shown = pc.utf8_trim_whitespace(column.cast(pa.string()))
        said = pc.if_else(pc.equal(shown, ""), None, shown).dictionary_encode()
        each = [_end_in_utc(text, clock) for text in said.dictionary.to_pylist()]
        moments = np.array([*each, "NaT"], dtype="datetime64[us]")
        index = pc.fill_null(said.indices, len(each)).to_numpy(zero_copy_only=False)
        ends = moments[index]
        wrong = np.flatnonzero(np.isnat(ends) & (index < len(each))).tolist()
    problems = {row: f"{DELIVER_BY} must be {DATE_OR_MOMENT} (got {shown[row].as_py()[:SHOWN]!r})" for row in wrong}
    return ends, shown, problems


def _end_in_utc(text: str, clock: Clock) -> object:
    try:
        return clock.utc_of_one(end_of(deliver_by_of(text)))
    except (ValueError, OverflowError):
        return "NaT"
