"""Scores claimed chunks."""

from collections.abc import Callable, Mapping

from common.batch.formats.format import Reading
from common.database.session import Database
from common.servers.objects import ObjectStore
from scorer.jobs.claims import Chunks, ClaimedChunk
from scorer.jobs.completion import Completion
from scorer.jobs.progress import Progress
from scorer.jobs.reader import AnyReader, Unbounded
from scorer.model.job_models import Models


class Scoring:
    """Scores chunks of any format into their outputs. separate: scores one in a process whose memory is limited."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        models: Models,
        chunks: Chunks,
        completion: Completion,
        readers: Mapping[Reading, AnyReader],
        separate: Callable[[ClaimedChunk], None],
    ) -> None:
        self._database = database
        self._store = store
        self._models = models
        self._chunks = chunks
        self._completion = completion
        self._readers = readers
        self._separate = separate

    def score(self, chunk: ClaimedChunk) -> None:
        """Score and upload a chunk, in a process of its own where its memory cannot be bounded beforehand.

        So is one whose last worker died over it, perhaps because of it: it takes no other job's work with it again.
        Raises ClaimLost, HandedBack, CutInsideRecord (the job must be cut anew), UploadGone, InputReplaced,
        UnreadableInput, TooMuchMemory, and kinds of Unavailable.
        """
        if chunk.survived:
            self._separate(chunk)
            return
        try:
            self._score(chunk)
        except Unbounded:
            self._separate(chunk)

    def _score(self, chunk: ClaimedChunk) -> None:
        predictor = self._models.predictor(chunk.model_version, chunk.pace_digest)
        progress = Progress(chunk, self._database, self._store, self._chunks, self._completion)
        self._readers[chunk.source.object.format.reading].score(chunk.source, predictor, progress)
