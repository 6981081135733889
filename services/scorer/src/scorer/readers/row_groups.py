"""Reads Parquet files in groups of rows: each chunk gives a part file."""

from dataclasses import dataclass
from typing import NamedTuple

from common.batch.formats import InputObject
from common.model.predictor import Predictor
from common.servers.objects import ObjectStore
from scorer.jobs.progress import Progress
from scorer.jobs.reader import Reader, Share, no_rows
from scorer.jobs.source import Source
from scorer.parquet.batches import GROUP_BYTES
from scorer.parquet.input import open_parquet
from scorer.parquet.scoring import score_row_groups

GROUP_ROWS = 1_000_000
"""A chunk takes row groups up to GROUP_ROWS or GROUP_BYTES uncompressed bytes, and one at least."""


class RowGroup(NamedTuple):
    """The size of a Parquet row group: uncompressed bytes, rows."""

    bytes: int
    rows: int


@dataclass(frozen=True)
class GroupReader(Reader[list[RowGroup]]):
    """Parquet files. limited: see scorer.parquet.batches."""

    store: ObjectStore
    limited: bool

    def head(self, given: InputObject) -> list[RowGroup]:
        """The sizes of its row groups."""
        metadata = open_parquet(self.store, given).metadata
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        return [RowGroup(group.total_byte_size, group.num_rows) for group in groups]

    def shares(self, given: InputObject, head: list[RowGroup], scan: bool, rows_needed: bool) -> list[list[Share]]:
        """An output for each span of neighbouring row groups."""
        if rows_needed and not any(group.rows for group in head):
            raise no_rows(str(given.address))
        return [
            [Share(Source.of(given, start, end), given.size * (end - start) // max(1, len(head)))]
            for start, end in _grouped(head)
        ]

    def score(self, source: Source, predictor: Predictor, progress: Progress) -> None:
        """Score row groups into a part file, from its start: a Parquet writer cannot go on in the middle."""
        score_row_groups(self.store, source, predictor, progress, self.limited)
        outcome = progress.outcome
        progress.finish(outcome.rows, outcome.rows_failed, progress.share)


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
