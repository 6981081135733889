"""Is all well? One judgement of everything that is known."""

from collections.abc import Mapping, Sequence

from common.database.retrainings import FAILED
from console.reads.alerts import ShownAlert
from console.reads.events import ShownRetraining
from console.watch import Away


def needs(
    away: Sequence[Away],
    alerts: Sequence[ShownAlert],
    jobs: Mapping[str, int],
    retraining: ShownRetraining | None,
    no_model: str | None,
) -> tuple[str, ...]:
    """What needs a look, most important first; nothing if all is well. no_model: why no prediction is answered."""
    found = [f"the {part.name} is away" for part in away]
    if no_model:
        found.append(no_model)
    waiting = [alert for alert in alerts if alert.status == "open"]
    if len(waiting) > 1:
        found.append(f"{len(waiting)} alerts that nobody looks after, the newest: {waiting[0].message}")
    elif waiting:
        found.append(f"an alert that nobody looks after: {waiting[0].message}")
    if failed := jobs.get("failed", 0):
        found.append(f"{failed} job{'s' * (failed > 1)} failed in the last 24 hours")
    if retraining and retraining.status == FAILED:
        found.append(f"the last retraining failed: {retraining.outcome}")
    return tuple(found)
