"""Turns a job's input into chunks and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.batch.formats import InputObject
from common.batch.formats.format import Reading
from common.batch.inputs import input_objects
from common.database.tables import BatchJob
from common.errors import InputReplaced
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import BatchSettings
from scorer.jobs.outputs import side_by_side
from scorer.jobs.reader import AnyReader
from scorer.jobs.source import Source


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

    @property
    def at_once(self) -> bool:
        """Whether the output is small enough to be written by one request, by the only chunk."""
        return len(self.chunks) == 1 and self.chunks[0].source.object.format.reading == "spans"


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
        plan = Plan([], [])
        objects = input_objects(self._store, address, self._limits)
        if job.input_etag is not None and objects[0].etag != job.input_etag:
            raise InputReplaced(job.input_uri)
        keys = {given.address.key for given in objects}
        for given, head in zip(objects, side_by_side(self._head, objects), strict=True):
            inside = given.address.key.removeprefix(address.key) if address.is_prefix else ""
            taken = given.format.reading == "stream" and given.format.result_name(given.address.key) in keys
            reader = self._readers[given.format.reading]
            for number, shares in enumerate(reader.shares(given, head, job.scan, rows_needed=not inside)):
                plan.chunks.extend(PlannedChunk(share.source, len(plan.outputs), share.bytes) for share in shares)
                plan.outputs.append(ObjectAddress(target.bucket, target.key + _name(given, inside, number, taken)))
        return plan

    def _head(self, given: InputObject) -> Any:
        return self._readers[given.format.reading].head(given)


def _name(given: InputObject, inside: str, number: int, taken: bool) -> str:
    """What an output is called under the address of the result; `taken` if its plain name is that of another object."""
    if given.format.reading == "row groups":
        return f"{inside.removesuffix('.parquet')}/part-{number:05d}.parquet".removeprefix("/")
    if taken:
        return inside + given.format.result
    return given.format.result_name(inside) if inside else ""
