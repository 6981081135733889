"""What becomes of work that does not succeed. All that is to be known of it stands here.

| the work ended with | then |
|---|---|
| ClaimLost | it goes on elsewhere, or its job has ended |
| HandedBack (this worker stops) | others take it at once |
| a kind of Unavailable, an outage | again after a growing wait; the job fails after SCORER_FAULTS of them |
| UploadGone, or an error that nobody expected | again after a growing wait; the job fails after SCORER_ATTEMPTS |
| UploadGone while its result appears | the job is planned anew, SCORER_ATTEMPTS times at most |
| any other error that a user may see | the job fails with it |
| no word at all, or a lack of memory | again, a chunk in a process of its own (scorer.separate) |
| the database being away | nothing can be written: the sweeper finds the job later |
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from common.database.leases import LeaseKeeper
from common.errors import DeliveryTimeError, Unavailable, UploadGone
from scorer.jobs.ending import Ending
from scorer.jobs.outages import is_outage, patiently, wait_seconds
from scorer.settings import ScorerSettings

WORKER_DIED = "its worker ended without a word (killed, or out of memory)"

log = logging.getLogger(__name__)


class ClaimLost(Exception):
    """Another worker has the work, or its job has ended: what was done here counts for nothing and harms nothing."""


class HandedBack(Exception):
    """This worker is asked to end; the work goes on elsewhere."""


class Claimed(Protocol):
    """Work that this worker holds. attempts: claims, this one included; faults: outages since the last success."""

    @property
    def name(self) -> str: ...
    @property
    def job_id(self) -> UUID: ...
    @property
    def claim(self) -> UUID: ...
    @property
    def attempts(self) -> int: ...
    @property
    def faults(self) -> int: ...
    @property
    def fault(self) -> str | None: ...


Work = TypeVar("Work", bound=Claimed)


class Claims(Protocol[Work]):
    """Where work of a kind is claimed, and given back."""

    def claim(self, job_id: UUID) -> Work | None: ...
    def give_back(self, work: Work, wait: float, fault: str | None, counted: bool) -> None: ...


@dataclass
class Attempt(Generic[Work]):
    """One try. work: None if there was none to claim; refused: it has failed too often, and so has its job."""

    work: Work | None = None
    refused: bool = False
    succeeded: bool = False


class Attempts:
    """Claims work, keeps its lease while it is done, and sees to what fails."""

    def __init__(self, leases: LeaseKeeper, ending: Ending, settings: ScorerSettings) -> None:
        self._leases = leases
        self._ending = ending
        self._settings = settings

    @contextmanager
    def claimed(self, claims: Claims[Work], job_id: UUID) -> Iterator[Attempt[Work]]:
        """Claim work of a job for the block. No error of the block leaves it, but an outage of the database."""
        work = patiently(lambda: claims.claim(job_id))
        if work is None:
            yield Attempt()
        elif work.attempts > self._settings.attempts:
            reason = f"{work.name} failed {work.attempts - 1} times: {work.fault or WORKER_DIED}"
            self._ending.fail(job_id, reason)
            yield Attempt(refused=True)
        else:
            attempt = Attempt(work)
            with self._seen_to(claims, work), self._leases.kept(work.claim):
                yield attempt
                attempt.succeeded = True

    def complete(self, job_id: UUID, complete: Callable[[UUID], object]) -> bool:
        """Try to complete a job; UploadGone. After an outage the sweeper has it tried again, SCORER_FAULTS times."""
        try:
            complete(job_id)
        except Unavailable as error:
            faults = self._ending.postpone(job_id, self._settings.first_wait_seconds)
            log.warning("completing waits (%d): %s", faults, error)
            if faults > self._settings.faults:
                self._ending.fail(job_id, f"{error}; tried {faults} times to complete the output")
        except UploadGone:
            raise
        except DeliveryTimeError as error:
            self._ending.fail(job_id, str(error))
        else:
            return True
        return False

    @contextmanager
    def _seen_to(self, claims: Claims[Work], work: Work) -> Iterator[None]:
        first = self._settings.first_wait_seconds
        try:
            yield
        except ClaimLost:
            log.info("%s goes on elsewhere, or its job has ended", work.name)
        except HandedBack:
            claims.give_back(work, wait=0.0, fault=None, counted=False)
        except UploadGone as error:
            claims.give_back(work, wait_seconds(first, work.attempts), str(error), counted=True)
        except Unavailable as error:
            wait = wait_seconds(first, work.faults)
            log.warning("%s waits %.1f s: %s", work.name, wait, error)
            if work.faults < self._settings.faults:
                claims.give_back(work, wait, str(error), counted=False)
            else:
                self._ending.fail(work.job_id, f"{error}; tried {work.faults + 1} times")
        except DeliveryTimeError as error:
            self._ending.fail(work.job_id, str(error))
        except MemoryError:
            log.warning("%s needs more memory than there is", work.name)
            claims.give_back(work, wait_seconds(first, work.attempts), fault=None, counted=True)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_outage(error):
                raise
            log.exception("%s failed", work.name)
            claims.give_back(work, wait_seconds(first, work.attempts), f"{type(error).__name__}: {error}", counted=True)
