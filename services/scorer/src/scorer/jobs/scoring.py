"""Scores claimed chunks."""

from collections.abc import Mapping

from common.batch.formats.format import Reading
from common.database.session import Database
from common.servers.objects import ObjectStore
from scorer.jobs.claims import Chunks, ClaimedChunk
from scorer.jobs.completion import Completion
from scorer.jobs.progress import Progress
from scorer.jobs.reader import AnyReader
from scorer.model.job_models import Models


class Scoring:
    """Scores chunks of any format into their outputs."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        models: Models,
        chunks: Chunks,
        completion: Completion,
        readers: Mapping[Reading, AnyReader],
    ) -> None:
        self._database = database
        self._store = store
        self._models = models
        self._chunks = chunks
        self._completion = completion
        self._readers = readers

    def score(self, chunk: ClaimedChunk) -> None:
        """Score and upload a chunk.

        Raises ClaimLost, HandedBack, CutInsideRecord (the job must be cut anew), UploadGone, InputReplaced,
        UnreadableInput, and kinds of Unavailable.
        """
        predictor = self._models.predictor(chunk.model_version, chunk.pace_digest)
        progress = Progress(chunk, self._database, self._store, self._chunks, self._completion)
        self._readers[chunk.source.object.format.reading].score(chunk.source, predictor, progress)
