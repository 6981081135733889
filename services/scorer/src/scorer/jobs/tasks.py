"""What the two tasks do, and what becomes of a job when they fail.

Work that an outage stopped is given back and tried again after growing waits; an input that cannot be scored ends its
job at once with the reason; any other error, or a worker's death, is tried a few times and then ends the job too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from common.database.session import transaction
from common.errors import DeliveryTimeError, Unavailable
from common.logs import bound
from common.servers.queue import PATIENT, RUN_JOB, SCORE_CHUNK, send
from common.settings import load
from scorer.csv.scoring import CutInsideRecord
from scorer.jobs import keeper, lifecycle
from scorer.jobs.claims import ClaimedChunk, claim_chunk, give_back
from scorer.jobs.patience import is_outage, patiently, wait_seconds
from scorer.jobs.store import UploadGone
from scorer.jobs.work import ClaimLost, HandedBack, work
from scorer.settings import ScorerSettings

WORKER_DIED = "its worker ended without a word (killed, or out of memory)"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """Something claimed: what it is, how often it was claimed, how many outages and which fault it met, and how to
    give it back: (wait in seconds, fault, whether the attempt counts).
    """

    what: str
    job_id: UUID
    claim: UUID
    attempts: int
    faults: int
    fault: str | None
    give_back: Callable[[float, str, bool], None]


def run_job(job_id: UUID) -> None:
    """Plan a job if that is due, put its free chunks to work, complete it when all are done, clean up if it ended."""
    with bound(job_id=str(job_id)):
        if not _plan(job_id):
            return
        left = lifecycle.left(job_id)
        if not left.all:
            lifecycle.clean(job_id)
        elif not left.unfinished:
            _complete(job_id)
        elif left.all == 1 and left.free:
            _score(job_id)
        else:
            for _ in range(min(left.free, load(ScorerSettings).tokens)):
                send(SCORE_CHUNK, job_id, PATIENT)


def score_chunk(job_id: UUID) -> None:
    """Score the first free chunk of a job, then pass the turn on: the queue lets jobs take turns."""
    with bound(job_id=str(job_id)):
        if _score(job_id) and lifecycle.left(job_id).free:
            send(SCORE_CHUNK, job_id, PATIENT)


def _plan(job_id: UUID) -> bool:
    """False if the job needs a plan and got none."""
    job = patiently(lambda: lifecycle.claim_planning(job_id))
    if job is None or job.claim is None:
        return True

    def give_back_planning(wait: float, fault: str, counted: bool) -> None:
        lifecycle.give_back_planning(job, wait, fault, counted)

    held = Held("planning", job.id, job.claim, job.attempts, job.faults, job.error, give_back_planning)
    return _attempted(held, lambda: lifecycle.plan_job(job))


def _score(job_id: UUID) -> bool:
    """Whether a chunk was scored; the last one completes the job."""
    chunk = patiently(lambda: _claim(job_id))
    if chunk is None:
        return False

    def give_back_chunk(wait: float, fault: str | None, counted: bool) -> None:
        with transaction() as session:
            give_back(session, chunk, wait, fault, counted)

    def scored() -> None:
        try:
            work(chunk)
        except HandedBack:
            give_back_chunk(wait=0.0, fault=None, counted=False)
            raise ClaimLost from None
        except CutInsideRecord:
            lifecycle.cut_anew(chunk.job_id)
            send(RUN_JOB, chunk.job_id, PATIENT)
            raise ClaimLost from None

    held = Held(
        f"chunk {chunk.number}", job_id, chunk.claim, chunk.attempts, chunk.faults, chunk.fault, give_back_chunk
    )
    return _attempted(held, scored) and _complete(job_id)


def _complete(job_id: UUID) -> bool:
    """Complete the job if all its chunks are done; after an outage the sweeper has it tried again."""
    settings = load(ScorerSettings)
    try:
        lifecycle.complete(job_id)
    except UploadGone as error:
        lifecycle.fail(job_id, str(error))
    except Unavailable as error:
        faults = lifecycle.postpone(job_id, settings.first_wait_seconds)
        log.warning("completing waits (%d): %s", faults, error)
        if faults > settings.faults:
            lifecycle.fail(job_id, f"{error}; tried {faults} times to complete the output")
    else:
        return True
    return False


def _attempted(held: Held, action: Callable[[], None]) -> bool:
    """Do what was claimed, or see to it that it is done again or that the job fails; whether it was done."""
    settings = load(ScorerSettings)
    if held.attempts > settings.attempts:
        lifecycle.fail(held.job_id, f"{held.what} failed {held.attempts - 1} times: {held.fault or WORKER_DIED}")
        return False
    try:
        with keeper.kept(held.claim):
            action()
    except ClaimLost:
        log.info("%s goes on elsewhere, or its job has ended", held.what)
    except UploadGone as error:
        held.give_back(wait_seconds(settings.first_wait_seconds, held.attempts), str(error), True)
    except Unavailable as error:
        wait = wait_seconds(settings.first_wait_seconds, held.faults)
        log.warning("%s waits %.1f s: %s", held.what, wait, error)
        if held.faults < settings.faults:
            held.give_back(wait, str(error), False)
        else:
            lifecycle.fail(held.job_id, f"{error}; tried {held.faults + 1} times")
    except DeliveryTimeError as error:
        lifecycle.fail(held.job_id, str(error))
    except Exception as error:
        if isinstance(error, DBAPIError) and is_outage(error):
            raise
        log.exception("%s failed", held.what)
        wait = wait_seconds(settings.first_wait_seconds, held.attempts)
        held.give_back(wait, f"{type(error).__name__}: {error}", True)
    else:
        return True
    return False


def _claim(job_id: UUID) -> ClaimedChunk | None:
    with transaction() as session:
        return claim_chunk(session, job_id)
