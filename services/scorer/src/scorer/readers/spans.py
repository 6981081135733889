"""Reads plain CSV files in spans of bytes: many workers take one file."""

from collections.abc import Callable
from dataclasses import replace

from common.batch.formats import InputObject
from common.batch.formats.csv_text import CsvFormat, Header
from common.batch.prefixes import partitions
from common.errors import UnreadableInput
from common.model.predictor import Predictor
from common.servers.objects import ObjectStore
from scorer.csv.cutting import Cutter, too_long
from scorer.csv.needed_columns import GrowsTooMuch, Layout
from scorer.csv.records import RecordTooLong
from scorer.csv.room import Grown, room
from scorer.csv.scoring import RESULT_BYTES, CutInsideRecord, header_line, score_text
from scorer.jobs.progress import Progress
from scorer.jobs.reader import Reader, Share, no_rows
from scorer.jobs.source import Source
from scorer.rows.outcome import Scored

LEAST_PART = 5 * 2**20
"""Bytes of each part of an upload in S3, but the last."""

MOST_PARTS = 9_000
"""S3 takes 10,000 parts in an upload; larger files get larger chunks."""


class SpanReader(Reader[Header]):
    """CSV files as they are."""

    def __init__(self, store: ObjectStore, chunk_bytes: int, record_limit: int) -> None:
        self._store = store
        self._chunk_bytes = chunk_bytes
        self._record_limit = record_limit

    def head(self, given: InputObject) -> Header:
        """The header line."""
        return csv_header(self._store, given)

    def shares(self, given: InputObject, head: Header, scan: bool, rows_needed: bool) -> list[list[Share]]:
        """One output, in spans that end where records do."""
        if head.length >= given.size and rows_needed:
            raise no_rows(str(given.address))
        cutter = Cutter(self._store, given, head, max(self._chunk_bytes, given.size // MOST_PARTS), self._record_limit)
        guessed = None if scan else cutter.guessed()
        ranges = guessed or cutter.scanned()
        shared = shared_facts(head, rows_needed)
        later = shared | {"header": None, "lines_before": 0}
        return [
            [
                Share(
                    Source.of(
                        given,
                        start,
                        end,
                        part=number + 1,
                        **(shared if number == 0 else later),
                        last=number == len(ranges) - 1,
                        certain=guessed is None or len(ranges) == 1,
                    ),
                    end - start,
                )
                for number, (start, end) in enumerate(ranges)
            ]
        ]

    def score(self, source: Source, predictor: Predictor, progress: Progress) -> None:
        """Score a span. CutInsideRecord if the cuts of the file were guessed wrong."""
        text = self._store.read(source.object.address, source.start, source.end, source.etag)
        certain = source.last and source.certain
        with room() as grown:
            done = scored(source, text, predictor, progress, self._record_limit, certain, grown)
            progress.add(as_part(done, len(text), lambda: not source.last), progress.share, done=True)
            del done


def as_part(done: Scored, size: int, more: Callable[[], bool]) -> Scored:
    """A result as a part of an upload. more: whether others follow.

    Where its text, of `size` bytes, was next to nothing but blank lines, some of these stay: S3 takes no smaller part.
    """
    if len(done.body) < LEAST_PART <= size and more():
        return replace(done, body=done.body.ljust(LEAST_PART, b"\n"))
    return done


def csv_header(store: ObjectStore, given: InputObject) -> Header:
    """The header of an object of any CSV format."""
    assert isinstance(given.format, CsvFormat)  # noqa: S101 (readers are chosen by format)
    return given.format.read_header(store, given)


def shared_facts(head: Header, rows_needed: bool) -> dict[str, object]:
    """What every chunk of a CSV file must know."""
    layout = Layout.of(head.names)
    header, encoding = header_line(head.text, head.line_end, head.delimiter), "utf-8"
    if head.not_utf8 is not None and head.not_utf8 < head.length:
        encoding = "latin-1"  # which gives each byte back
    return {
        "header": header.decode(encoding),
        "encoding": encoding,
        "columns": layout.columns,
        "positions": layout.positions,
        "rows_needed": rows_needed,
        "delimiter": head.delimiter,
        "decimal": head.decimal,
        "lines_before": head.lines,
    }


def layout_of(source: Source) -> Layout:
    """Where the columns of a chunk stand."""
    return Layout(source.columns, source.positions, partitions(source.folder), source.delimiter, source.decimal)


def scored(
    source: Source, text: bytes, predictor: Predictor, progress: Progress, longest: int, certain: bool, grown: Grown
) -> Scored:
    """The next text of a file, scored, the first one behind the header; UnreadableInput.

    CutInsideRecord if it is not `certain` that it is cut at records.
    """
    layout = layout_of(source)
    where = str(source.object.address)
    try:
        return score_text(text, layout, predictor, progress.now, longest, certain, source.further, progress.head, grown)
    except RecordTooLong:
        if not certain:
            raise CutInsideRecord from None
        raise too_long(where, longest) from None
    except GrowsTooMuch:
        raise UnreadableInput(
            where,
            f"has {len(text):,} bytes of rows whose result would take more than {RESULT_BYTES:,}: most of them are "
            f"next to empty, or lack most of the {source.columns:,} columns of the header. Is {source.delimiter!r} "
            "what separates its columns?",
        ) from None
