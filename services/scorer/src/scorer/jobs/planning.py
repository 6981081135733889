"""Turns a job's input into chunks and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.batch.formats import InputObject
from common.batch.formats.csv_text import EmptyFile
from common.batch.formats.format import Reading
from common.batch.inputs import read_input, recognised
from common.database.tables import BatchJob
from common.errors import InputReplaced
from common.model.answers.further import Further
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import BatchSettings
from scorer.jobs.reader import AnyReader, no_rows
from scorer.jobs.source import Source
from scorer.results.outputs import side_by_side


@dataclass(frozen=True)
class PlannedChunk:
    """A chunk, the number of the output it writes to, and its share of the input's bytes."""

    source: Source
    output: int
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What a job has to do."""

    outputs: list[ObjectAddress]
    chunks: list[PlannedChunk]
    target: ObjectAddress

    @property
    def at_once(self) -> bool:
        """Whether the output is small enough to be written by one request, by the only chunk."""
        single = len(self.chunks) == 1 and not self.target.is_prefix
        return single and self.chunks[0].source.object.format.reading == "spans"


class Planner:
    """Cuts the inputs of jobs. readers: by the way in which a format is read."""

    def __init__(self, store: ObjectStore, limits: BatchSettings, readers: Mapping[Reading, AnyReader]) -> None:
        self._store = store
        self._limits = limits
        self._readers = readers

    def plan(self, job: BatchJob) -> Plan:
        """Cut a job's input; `job.scan` reads CSV files whole to find the cuts.

        Raises InputReplaced if it is not the object that was submitted, and what its checks raise.
        """
        address, target = self._store.address(job.input_uri), self._store.address(job.output_uri)
        objects = read_input(self._store, address, self._limits).objects
        if job.input_etag is not None and objects[0].etag != job.input_etag:
            raise InputReplaced(job.input_uri)
        plan = Plan([], [], target)
        for head in side_by_side(self._head, objects):
            if head is not None:
                self._add(plan, job, *head)
        if not plan.chunks:
            raise no_rows(str(address))
        return plan

    def _head(self, given: InputObject) -> tuple[InputObject, Any] | None:
        """An object as what it is, and what its cuts depend on; None if it has no text."""

        def read(given: InputObject) -> tuple[InputObject, Any]:
            return given, self._readers[given.format.reading].head(given)

        try:
            return recognised(self._store, given, read)
        except EmptyFile:
            return None

    def _add(self, plan: Plan, job: BatchJob, given: InputObject, head: Any) -> None:
        """Add the chunks and outputs of an object."""
        reader, dataset, further = self._readers[given.format.reading], plan.target.is_prefix, Further.of(job)
        for shares in reader.shares(given, head, job.scan, rows_needed=not job.input_uri.endswith("/")):
            number = len(plan.outputs)
            part = f"{given.folder}part-{number:05d}-{job.id}{given.format.result}" if dataset else ""
            plan.chunks.extend(PlannedChunk(share.source.giving(further), number, share.bytes) for share in shares)
            plan.outputs.append(ObjectAddress(plan.target.bucket, plan.target.key + part))
