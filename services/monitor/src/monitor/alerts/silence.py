"""No predictions: the gateway is away, or nobody asks it."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import text

from common.database.alerts import Finding
from monitor.alerts.check import Check, Situation


class Silence(Check):
    """Opens when no prediction was logged for the setting's minutes, closes with the next one."""

    name = "no-predictions"
    severity = "critical"
    opens = closes = 1.0
    """Times the longest silence that is usual."""

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the gateway, none before its first prediction."""
        newest: datetime | None = situation.session.scalar(_NEWEST, {"now": situation.now})
        if newest is None:
            return
        minutes = (situation.now - newest).total_seconds() / 60
        limit = situation.silence.total_seconds() / 60
        message = f"no prediction for {minutes:.0f} minutes (limit {limit:.0f})"
        yield Finding("gateway", self.change(minutes / limit), message, minutes, limit)


_NEWEST = text("SELECT max(predicted_at) FROM predictions WHERE predicted_at <= :now + interval '1 minute'")
