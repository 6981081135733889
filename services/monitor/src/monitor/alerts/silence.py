"""No predictions, though the shop usually asks for some at this time of its week."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from common.database.alerts import Finding
from monitor.alerts.check import Check, Situation

WEEKS = 8
ENOUGH_WEEKS = 4
"""From this many weeks on the longest of their silences is left out: it may have been an outage, or a holiday."""

NEWEST_GAPS = 200
"""Between predictions: they show how dense the traffic is, and the longest of them is all that a young log knows."""


class Silence(Check):
    """Opens when the newest prediction is older than `opens` times the usual silence, and than the settings' minutes.

    Usual is the longest silence at this moment of past weeks, the present one apart, or twice the median gap. Measured
    on orders at random, twenty a day: one gap in 250 is taken for silence. An outage of a shop with an order every five
    minutes is noticed within the hour.
    """

    name = "no-predictions"
    severity = "critical"
    opens = closes = 4.0

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the gateway, none before its first prediction."""
        newest: datetime | None = situation.session.scalar(_NEWEST, {"now": situation.now})
        if newest is None:
            return
        past = situation.session.scalars(_PAST_SILENCES, {"now": situation.now, "newest": newest}).all()
        gaps = situation.session.execute(_GAPS, {"now": situation.now}).one()
        usual = max(usual_silence(past) if past else gaps.longest, 2 * gaps.median)
        limit = max(situation.silence, usual * self.opens)
        silence = situation.now - newest
        minutes, most = silence / timedelta(minutes=1), limit / timedelta(minutes=1)
        message = f"no prediction for {minutes:.0f} minutes (limit {most:.0f})"
        yield Finding("gateway", "open" if silence > limit else "close", message, minutes, most)


def usual_silence(past: Sequence[timedelta]) -> timedelta:
    """The longest of past silences, of ENOUGH_WEEKS or more the second longest."""
    longest = sorted(past, reverse=True)
    return longest[1 if len(longest) >= ENOUGH_WEEKS else 0]


_NEWEST = text("SELECT max(predicted_at) FROM predictions WHERE predicted_at <= :now + interval '1 minute'")

_PAST_SILENCES = text(f"""
    SELECT moment - newest
    FROM generate_series(1, {WEEKS}) AS weeks,
         LATERAL (SELECT :now - weeks * interval '7 days' AS moment) AS past,
         LATERAL (SELECT max(predicted_at) AS newest FROM predictions WHERE predicted_at <= moment) AS log
    WHERE newest IS NOT NULL AND moment < :newest
""")  # noqa: S608

_GAPS = text(f"""
    SELECT coalesce(max(gap), interval '0') AS longest,
           coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY gap), interval '0') AS median
    FROM (
        SELECT predicted_at - lag(predicted_at) OVER (ORDER BY predicted_at) AS gap FROM (
            SELECT predicted_at FROM predictions WHERE predicted_at <= :now ORDER BY predicted_at DESC
            LIMIT {NEWEST_GAPS}
        ) AS newest
    ) AS gaps
""")  # noqa: S608
