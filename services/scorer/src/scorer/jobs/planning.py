"""Turn a job's input into chunks and outputs."""

from dataclasses import dataclass
from typing import NamedTuple

from common.batch.inputs import Header, InputObject, input_objects, read_header
from common.database.tables import BatchJob
from common.errors import InputReplaced
from common.servers.objects import ObjectAddress
from common.settings import load
from scorer.csv.columns import Layout
from scorer.csv.cutting import guessed_ranges, scanned_ranges
from scorer.csv.scoring import header_line
from scorer.jobs.source import Source
from scorer.jobs.store import side_by_side
from scorer.jobs.work import no_rows
from scorer.parquet.batches import GROUP_BYTES
from scorer.parquet.input import open_parquet
from scorer.settings import ScorerSettings

MOST_PARTS = 9_000
"""S3 takes 10,000 parts in an upload; larger files get larger chunks."""

GROUP_ROWS = 1_000_000
"""A Parquet chunk takes row groups up to so many rows or GROUP_BYTES uncompressed bytes, and one at least."""


@dataclass(frozen=True)
class PlannedChunk:
    """A chunk, the number of the output it writes to, and its share of the input's bytes."""

    source: Source
    output: int
    bytes: int


class RowGroup(NamedTuple):
    """The size of a Parquet row group: uncompressed bytes, rows."""

    bytes: int
    rows: int


@dataclass(frozen=True)
class Plan:
    """What a job has to do."""

    outputs: list[ObjectAddress]
    chunks: list[PlannedChunk]

    @property
    def at_once(self) -> bool:
        """Whether the output is small enough to be written by one request, by the only chunk."""
        return len(self.chunks) == 1 and self.chunks[0].source.format == "csv"


def plan(job: BatchJob) -> Plan:
    """Cut a job's input; `job.scan` reads CSV files whole to find the cuts.

    Raises InputReplaced if it is not the object that was submitted, and what its checks raise.
    """
    address, target = ObjectAddress.parse(job.input_uri), ObjectAddress.parse(job.output_uri)
    planned = Plan([], [])
    objects = input_objects(address)
    if job.input_etag is not None and objects[0].etag != job.input_etag:
        raise InputReplaced(job.input_uri)
    keys = {found.address.key for found in objects}
    for found, head in zip(objects, side_by_side(_read_head, objects), strict=True):
        inside = found.address.key.removeprefix(address.key) if address.key.endswith("/") else ""
        if found.format == "csv.gz" and found.address.key.removesuffix(".gz") in keys:
            inside += ".csv"  # its plain name is that of another object
        if isinstance(head, Header):
            _add_csv(planned, found, head, target, inside, job.scan)
        else:
            _add_parquet(planned, found, head, target, inside)
    return planned


def _read_head(found: InputObject) -> Header | list[RowGroup]:
    """What the cuts depend on: the header of a CSV file, the row groups of a Parquet file."""
    if found.format != "parquet":
        return read_header(found)
    metadata = open_parquet(found).metadata
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return [RowGroup(group.total_byte_size, group.num_rows) for group in groups]


def _add_csv(planned: Plan, found: InputObject, header: Header, target: ObjectAddress, inside: str, scan: bool) -> None:
    output = len(planned.outputs)
    planned.outputs.append(ObjectAddress(target.bucket, target.key + inside.removesuffix(".gz")))
    layout = Layout.of(header.names)
    shared = {"columns": layout.columns, "positions": layout.positions, "rows_needed": not inside}
    first = header_line(header.text, header.line_end).decode()
    if found.format == "csv.gz":
        source = Source.of(found, header.length, found.size, header=first, **shared)
        planned.chunks.append(PlannedChunk(source, output, found.size))
        return
    if header.length >= found.size and not inside:
        raise no_rows(str(found.address))
    settings = load(ScorerSettings)
    size = max(settings.chunk_bytes, found.size // MOST_PARTS)
    guessed = None if scan else guessed_ranges(found, header, size, settings.record_limit_bytes)
    ranges = guessed or scanned_ranges(found, header, size, settings.record_limit_bytes)
    for number, (start, end) in enumerate(ranges):
        source = Source.of(
            found,
            start,
            end,
            part=number + 1,
            header=first if number == 0 else None,
            last=number == len(ranges) - 1,
            certain=guessed is None or len(ranges) == 1,
            **shared,
        )
        planned.chunks.append(PlannedChunk(source, output, end - start))


def _add_parquet(planned: Plan, found: InputObject, groups: list[RowGroup], target: ObjectAddress, inside: str) -> None:
    folder = f"{inside.removesuffix('.parquet')}/" if inside else ""
    if not inside and not any(group.rows for group in groups):
        raise no_rows(str(found.address))
    for number, (start, end) in enumerate(_grouped(groups)):
        share = found.size * (end - start) // max(1, len(groups))
        planned.chunks.append(PlannedChunk(Source.of(found, start, end), len(planned.outputs), share))
        planned.outputs.append(ObjectAddress(target.bucket, f"{target.key}{folder}part-{number:05d}.parquet"))


def _grouped(groups: list[RowGroup]) -> list[tuple[int, int]]:
    """Spans of neighbouring row groups, up to GROUP_BYTES or GROUP_ROWS together."""
    spans, start, size, rows = [], 0, 0, 0
    for number, group in enumerate(groups):
        if number > start and (size + group.bytes > GROUP_BYTES or rows + group.rows > GROUP_ROWS):
            spans.append((start, number))
            start, size, rows = number, 0, 0
        size += group.bytes
        rows += group.rows
    return [*spans, (start, len(groups))]
