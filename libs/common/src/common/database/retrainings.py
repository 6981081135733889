"""The table `retrainings`: every state of a retraining and every change of state.

The monitor requests one, a trainer claims and finishes it. At most one is queued or running. A running one holds a
lease; when its trainer dies the lease runs out and the retraining is queued again, until ATTEMPTS trainers have died.
Whoever calls owns the transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Executable, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.alerts import CLOSED
from common.database.leases import from_now
from common.database.tables import Actual, Alert, Retraining

QUEUED, RUNNING, SUCCEEDED, FAILED = "queued", "running", "succeeded", "failed"

LOST_AFTER = timedelta(hours=6)
"""A queued retraining that no trainer has taken for this long has failed."""

FEWEST_DELIVERIES = 250
"""With fewer there is nothing to train and judge a first model by."""

GROWTH = 1.5
"""A model of few deliveries is trained again when there are so many times as many."""

ATTEMPTS = 3
"""This many trainers may die over a retraining; then it has failed."""


@dataclass(frozen=True)
class Claim:
    """A running retraining of this process: the row's id, and the mark by which the row knows its holder."""

    retraining_id: int
    mark: UUID


def request_if_due(
    session: Session, now: datetime, cooldown: timedelta, every: timedelta | None, rules: Collection[str]
) -> Retraining | None:
    """Request a retraining if one is due, and return it; a trainer is woken once this is committed.

    It is due when an alert of one of these rules is not closed, or `every` has passed since the newest request, but not
    while one is queued or running, nor within the cooldown of the newest request.
    """
    give_up_lost(session, now)
    newest = session.scalar(select(Retraining).order_by(Retraining.requested_at.desc()).limit(1))
    if newest is not None and (newest.finished_at is None or now - newest.requested_at < cooldown):
        return None
    alert = session.scalar(
        select(Alert).where(Alert.status != CLOSED, Alert.rule.in_(rules)).order_by(Alert.opened_at).limit(1)
    )
    if alert is not None:
        return _request(session, now, f"alert {alert.rule}: {alert.message}", alert.id)
    if every is not None and (newest is None or now - newest.requested_at >= every):
        return _request(session, now, f"every {every.total_seconds() / 86_400:g} days", None)
    return None


def request_unless(session: Session, since: datetime, reason: str) -> None:
    """Request a retraining if none was requested since a moment and none is queued or running."""
    if session.scalar(select(Retraining.id).where(Retraining.requested_at >= since).limit(1)) is None:
        _request(session, datetime.now(UTC), reason, None)


def request_as_it_grows(session: Session, learned: int) -> None:
    """Request a retraining if deliveries were reported for one, and none was requested since half as many again came.

    learned: deliveries that the champion knows.
    """
    known = session.scalar(select(func.count()).where(Actual.delivered_at.is_not(None))) or 0
    if known < max(FEWEST_DELIVERIES, GROWTH * learned):
        return
    grown = select(Actual.received_at).where(Actual.delivered_at.is_not(None)).order_by(Actual.received_at)
    since = session.scalars(grown.offset(int(known / GROWTH)).limit(1)).one()
    request_unless(session, since, f"{known} deliveries are reported, the model knows of {learned}")


def queued(session: Session) -> int | None:
    """The id of the retraining that waits for a trainer, if there is one."""
    return session.scalar(select(Retraining.id).where(Retraining.status == QUEUED))


def claim(session: Session, retraining_id: int, lease_seconds: float) -> Claim | None:
    """Queued becomes running, for one trainer only; None if the row is not queued."""
    mark = uuid4()
    wanted = (Retraining.id == retraining_id) & (Retraining.status == QUEUED)
    values = {"attempts": Retraining.attempts + 1, **_running(mark, lease_seconds)}
    return _claimed(session, update(Retraining).where(wanted).values(values).returning(Retraining.id), mark)


def begin(session: Session, reason: str, lease_seconds: float) -> Claim | None:
    """Claim the queued retraining, else insert one that is running already; None while another one runs."""
    waiting = queued(session)
    if waiting is not None and (claimed := claim(session, waiting, lease_seconds)):
        return claimed
    mark = uuid4()
    statement = insert(Retraining).values(reason=reason, attempts=1, **_running(mark, lease_seconds))
    return _claimed(session, statement.on_conflict_do_nothing().returning(Retraining.id), mark)


def renew(session: Session, marks: Collection[UUID], lease_seconds: float) -> None:
    """Extend the leases of these claims, for `common.database.leases.LeaseKeeper`."""
    session.execute(
        update(Retraining).where(Retraining.claim.in_(marks)).values(lease_expires_at=from_now(lease_seconds))
    )


def finish(session: Session, claimed: Claim, status: str, outcome: str, model_version: str | None = None) -> None:
    """Record how a retraining ended, unless its trainer was given up meanwhile.

    One that ends as an earlier one did, with the same version and the same words, takes its place: a shop without new
    orders reads it once, not every day.
    """
    held = (Retraining.id == claimed.retraining_id) & (Retraining.claim == claimed.mark)
    session.execute(
        update(Retraining)
        .where(held)
        .values(status=status, outcome=outcome, model_version=model_version, finished_at=func.now())
    )
    said = (Retraining.model_version == model_version) & (Retraining.outcome == outcome) & (Retraining.status == status)
    session.execute(delete(Retraining).where(said, Retraining.id < claimed.retraining_id))


def give_up_lost(session: Session, now: datetime) -> None:
    """Queue what a dead trainer left behind; what no trainer takes, or none survives, has failed."""
    died = (Retraining.status == RUNNING) & (Retraining.lease_expires_at < func.now())
    session.execute(
        update(Retraining)
        .where(died, Retraining.attempts >= ATTEMPTS)
        .values(
            status=FAILED,
            claim=None,
            finished_at=now,
            outcome=f"its trainer died {ATTEMPTS} times (killed, or out of memory)",
        )
    )
    session.execute(update(Retraining).where(died).values(status=QUEUED, claim=None, started_at=None))
    waited_since = func.greatest(Retraining.requested_at, Retraining.lease_expires_at)
    session.execute(
        update(Retraining)
        .where(Retraining.status == QUEUED, waited_since < now - LOST_AFTER)
        .values(status=FAILED, finished_at=now, outcome="no trainer took it; is its worker running?")
    )


def _request(session: Session, now: datetime, reason: str, alert_id: int | None) -> Retraining | None:
    """The new row, or None if another monitor asked in the same moment."""
    statement = insert(Retraining).values(status=QUEUED, reason=reason, alert_id=alert_id, requested_at=now)
    new = session.scalar(statement.on_conflict_do_nothing().returning(Retraining.id))
    return None if new is None else session.get(Retraining, new)


def _running(mark: UUID, lease_seconds: float) -> dict[str, object]:
    return {
        "status": RUNNING,
        "started_at": func.now(),
        "claim": mark,
        "lease_expires_at": from_now(lease_seconds),
    }


def _claimed(session: Session, statement: Executable, mark: UUID) -> Claim | None:
    retraining_id = session.scalar(statement)
    return None if retraining_id is None else Claim(retraining_id, mark)
