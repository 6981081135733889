"""How far a claimed chunk has got: the parts of its output, and what has become of its rows."""

from datetime import datetime

from common.database.session import Database
from common.servers.objects import ObjectStore
from scorer.jobs.attempts import ClaimLost
from scorer.jobs.claims import Added, Chunks, ClaimedChunk
from scorer.jobs.completion import Completion
from scorer.jobs.outages import patiently
from scorer.rows.outcome import Scored


class Progress:
    """Uploads what is scored of a chunk and stores it, so that another worker goes on from there.

    outcome: all of it so far. now: the purchase time of rows without one. share: the chunk's bytes of the input. Every
    method raises ClaimLost when the chunk is another worker's, or its job has ended.
    """

    def __init__(
        self, chunk: ClaimedChunk, database: Database, store: ObjectStore, chunks: Chunks, completion: Completion
    ) -> None:
        self._chunk = chunk
        self._database = database
        self._store = store
        self._chunks = chunks
        self._completion = completion
        self.outcome = chunk.before
        self.now: datetime = chunk.now
        self.share = chunk.bytes

    @property
    def head(self) -> bytes:
        """What the result of the next text begins with: the header, if it is the first."""
        source = self._chunk.source
        return b"" if self.outcome.parts or source.header is None else source.header.encode(source.encoding)

    def upload(self, body: bytes) -> None:
        """Write the next part of the output."""
        number = self._chunk.source.part + len(self.outcome.parts)
        part = self._store.put_part(self._chunk.output, self._chunk.upload_id, number, body)
        self.outcome.parts.append(part)

    def add(self, scored: Scored, size: int, done: bool) -> None:
        """Upload and store one more scored text, `size` bytes of the input."""
        if self._chunk.upload_id:
            self.upload(scored.body)
        self.outcome.add(scored)
        at_once = None if self._chunk.upload_id else scored.body
        self._save(Added(scored.rows, scored.rows_failed, size), done, at_once)

    def finish(self, rows: int, rows_failed: int, size: int) -> None:
        """Store that all is uploaded, and what of it was not counted yet."""
        self._save(Added(rows, rows_failed, size), done=True)

    def _save(self, added: Added, done: bool, at_once: bytes | None = None) -> None:
        """Store it. An output that is written at once makes its job succeed in the same transaction, or never was."""

        def save() -> bool:
            with self._database.transaction() as session:
                stored = self._chunks.store(session, self._chunk, self.outcome, added, done)
                if stored and at_once is not None:
                    self._completion.complete_in(session, self._chunk.job_id, at_once)
                return stored

        if not patiently(save):
            raise ClaimLost
