"""Clocks that differ: the time that predictions bear against the database's time when they arrived."""

from monitor.alerts.check import QueryCheck

_RECENT = "logged_at > :now - interval '15 minutes' AND logged_at <= :now + interval '1 minute'"

CLOCK_SKEW = QueryCheck(
    name="clock-skew",
    severity="warning",
    subject="gateway",
    query=f"SELECT extract(epoch FROM max(predicted_at - logged_at))::float8 AS value FROM predictions WHERE {_RECENT}",  # noqa: S608
    opens=60,
    closes=10,
    message="a gateway's clock is {value:.0f} s ahead of the database's (limit {limit})",
)

LOG_DELAY = QueryCheck(
    name="log-delay",
    severity="warning",
    subject="gateway",
    query=f"""
        SELECT extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY logged_at - predicted_at))::float8
               AS value
        FROM predictions WHERE {_RECENT}""",  # noqa: S608
    opens=600,
    closes=60,
    message="predictions reach the database {value:.0f} s after the time that they bear (limit {limit})",
)
"""The slowest tenth of them: one gateway of several may be at fault."""
