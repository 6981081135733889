"""Scores inputs in memory, without servers: what planning and scoring do, through the real readers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any
from uuid import UUID

from common.batch.formats.format import Reading
from common.batch.inputs import check_head
from common.batch.outputs import result_of
from common.database.tables import BatchChunk, BatchJob
from common.model.answers.further import NOTHING, Further
from common.model.predictor import Predictor
from common.servers.objects import ObjectAddress
from common.settings import BatchSettings
from scorer.csv.scoring import CutInsideRecord
from scorer.jobs.completion import first_errors
from scorer.jobs.planning import Plan, PlannedChunk, Planner
from scorer.jobs.reader import AnyReader
from scorer.readers.row_groups import GroupReader
from scorer.readers.spans import SpanReader
from scorer.readers.streams import StreamReader
from scorer.rows.outcome import Outcome, Scored
from support.stand_ins.memory_store import MemoryStore

NOW = datetime(2018, 3, 1, 12, tzinfo=UTC)
JOB = UUID(int=1)
RECORD_LIMIT = 4 * 2**20


class Progress:
    """What a reader sees of a chunk that goes into memory (scorer.jobs.progress)."""

    def __init__(self, chunk: PlannedChunk) -> None:
        self._chunk = chunk
        self.outcome = Outcome()
        self.now = NOW
        self.share = chunk.bytes
        self.body = b""

    @property
    def head(self) -> bytes:
        source = self._chunk.source
        return b"" if self.outcome.parts or source.header is None else source.header.encode(source.encoding)

    def upload(self, body: bytes) -> None:
        self.body += body
        self.outcome.parts.append({})

    def add(self, scored: Scored, size: int, done: bool) -> None:
        self.upload(scored.body)
        self.outcome.add(scored)

    def finish(self, rows: int, rows_failed: int, size: int) -> None:
        pass


@dataclass
class Result:
    """What a job wrote: each output's key below the result's address and its bytes; counts; the first bad rows."""

    outputs: list[tuple[str, bytes]] = field(default_factory=list)
    rows: int = 0
    rows_failed: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        """The bytes of the only output."""
        ((_, body),) = self.outputs
        return body


def scored(
    store: MemoryStore,
    key: str,
    predictor: Predictor,
    chunk_bytes: int = 16 * 2**20,
    further: Further = NOTHING,
) -> Result:
    """The result of an input, as a submission and workers would have it. Raises what they would name as the cause."""
    address, limits = ObjectAddress(store.bucket, key), BatchSettings()
    head = check_head(store, address, limits)
    readers: dict[Reading, AnyReader] = {
        "spans": SpanReader(store, chunk_bytes, RECORD_LIMIT),
        "stream": StreamReader(store, chunk_bytes, RECORD_LIMIT, Event()),
        "row groups": GroupReader(store, limited=True),
    }
    output = result_of(JOB, address, None, store.bucket)
    job = BatchJob(
        id=JOB,
        input_uri=str(address),
        output_uri=str(output),
        input_etag=head.etag,
        scan=False,
        on_time_shares=list(further.on_time_shares),
        details=further.details,
    )
    planner = Planner(store, limits, readers)
    try:
        result = _worked(planner.plan(job), readers, predictor)
    except CutInsideRecord:
        job.scan = True
        result = _worked(planner.plan(job), readers, predictor)
    result.notes = head.notes
    return result


def _worked(plan: Plan, readers: dict[Reading, AnyReader], predictor: Predictor) -> Result:
    bodies = [b""] * len(plan.outputs)
    result, done = Result(), []
    for chunk in plan.chunks:
        progress = Progress(chunk)
        readers[chunk.source.object.format.reading].score(chunk.source, predictor, progress)  # type: ignore[arg-type]
        bodies[chunk.output] += progress.body
        outcome = progress.outcome
        result.rows += outcome.rows
        result.rows_failed += outcome.rows_failed
        facts = {"rows": outcome.rows, "lines": outcome.lines, "errors": [list(error) for error in outcome.errors]}
        done.append(BatchChunk(source=chunk.source.as_row(), **facts))
    keys = [output.key.removeprefix(plan.target.key) for output in plan.outputs]
    result.outputs = list(zip(keys, bodies, strict=True))
    result.errors = first_errors(done)
    return result
