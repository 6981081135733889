from datetime import UTC, datetime

from console.reads.alerts import ShownAlert
from console.reads.events import ShownRetraining
from console.verdict import needs
from console.watch import Away

NOW = datetime(2026, 11, 27, tzinfo=UTC)
FAILED = ShownRetraining("failed", "every 7 days", NOW, NOW, None, "out of memory")


def alert(status: str, message: str) -> ShownAlert:
    return ShownAlert(1, "stale-pace", "", "warning", status, message, NOW, None, None, None)


def test_nothing_needs_a_look_where_all_is_well() -> None:
    assert needs([], [alert("acknowledged", "Ann is on it")], {"succeeded": 3, "queued": 1}, None, None) == ()


def test_what_is_away_comes_first_then_the_model_alerts_and_jobs() -> None:
    away = Away("queue", "Jobs wait.", NOW, "refused", from_start=False)
    assert needs(
        [away], [alert("open", "slow in RJ"), alert("open", "drift")], {"failed": 2}, FAILED, "no champion yet"
    ) == (
        "the queue is away",
        "no champion yet",
        "2 alerts that nobody looks after, the newest: slow in RJ",
        "2 jobs failed in the last 24 hours",
        "the last retraining failed: out of memory",
    )
