"""What the two tasks do."""

from uuid import UUID

from common.errors import UploadGone
from common.logs import bound
from common.servers.queue import PATIENT, RUN_JOB, SCORE_CHUNK, Queue
from scorer.csv.scoring import CutInsideRecord
from scorer.jobs.attempts import Attempts, ClaimLost
from scorer.jobs.claims import Chunks, ClaimedChunk
from scorer.jobs.completion import Completion
from scorer.jobs.ending import Ending
from scorer.jobs.plans import Plans
from scorer.jobs.scoring import Scoring


class Tasks:
    """Runs jobs. tokens: chunks of one job that wait in the queue at once."""

    def __init__(
        self,
        queue: Queue,
        chunks: Chunks,
        plans: Plans,
        scoring: Scoring,
        completion: Completion,
        ending: Ending,
        attempts: Attempts,
        tokens: int,
    ) -> None:
        self._queue = queue
        self._chunks = chunks
        self._plans = plans
        self._scoring = scoring
        self._completion = completion
        self._ending = ending
        self._attempts = attempts
        self._tokens = tokens

    def run_job(self, job_id: UUID) -> None:
        """Plan a job if that is due, put its free chunks to work, complete it when all are done, clean up if it ended.

        Raises an outage of the database: nothing could be written of it.
        """
        with bound(job_id=str(job_id)):
            if not self._plan(job_id):
                return
            left = self._chunks.remaining(job_id)
            if not left.all:
                self._ending.clean(job_id)
            elif not left.unfinished:
                self._complete(job_id)
            elif left.all == 1 and left.free:
                self._score(job_id)
            else:
                for _ in range(min(left.free, self._tokens)):
                    self._queue.send(SCORE_CHUNK, job_id, PATIENT)

    def score_chunk(self, job_id: UUID) -> None:
        """Score the first free chunk of a job, then pass the turn on: the queue lets jobs take turns."""
        with bound(job_id=str(job_id)):
            if self._score(job_id) and self._chunks.remaining(job_id).free:
                self._queue.send(SCORE_CHUNK, job_id, PATIENT)

    def _plan(self, job_id: UUID) -> bool:
        """False if the job needs a plan and got none."""
        with self._attempts.claimed(self._plans, job_id) as attempt:
            if attempt.work:
                self._plans.make(attempt.work)
        return attempt.succeeded or not (attempt.work or attempt.refused)

    def _score(self, job_id: UUID) -> bool:
        """Whether a chunk was scored; the last one completes the job."""
        with self._attempts.claimed(self._chunks, job_id) as attempt:
            if attempt.work:
                self.work(attempt.work)
        return attempt.succeeded and self._complete(job_id)

    def work(self, chunk: ClaimedChunk) -> None:
        """Score a claimed chunk; have the job cut anew if its cuts prove wrong."""
        try:
            self._scoring.score(chunk)
        except CutInsideRecord:
            self._plans.cut_anew(chunk.job_id)
            self._queue.send(RUN_JOB, chunk.job_id, PATIENT)
            raise ClaimLost from None

    def _complete(self, job_id: UUID) -> bool:
        """False if the output could not be completed; true too while chunks are left."""
        try:
            return self._attempts.complete(job_id, self._completion.complete)
        except UploadGone as error:
            self._plans.begin_anew(job_id, str(error))
            self._queue.send(RUN_JOB, job_id, PATIENT)
            return False
