"""Reads packed CSV files in one pass: a file is one chunk of many parts."""

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice
from threading import Event

from common.batch.formats import InputObject
from common.batch.formats.csv_text import CsvFormat, Header
from common.errors import UnreadableInput
from common.model.predictor import Predictor
from common.servers.objects import ObjectStore
from scorer.csv.cutting import pieces
from scorer.csv.room import room
from scorer.jobs.attempts import HandedBack
from scorer.jobs.progress import Progress
from scorer.jobs.reader import Reader, Share, no_rows
from scorer.jobs.source import Source
from scorer.readers.spans import MOST_PARTS, as_part, csv_header, scored, shared_facts
from scorer.rows.outcome import Scored

MOST_RATIO, FREE_BYTES = 200, 2**30
"""Orders are packed to a tenth. Beyond a gibibyte, text may not be packed to less than a two-hundredth."""


class StreamReader(Reader[Header]):
    """CSV text inside another format. `stopping` is set when the worker is asked to end."""

    def __init__(self, store: ObjectStore, chunk_bytes: int, record_limit: int, stopping: Event) -> None:
        self._store = store
        self._chunk_bytes = chunk_bytes
        self._record_limit = record_limit
        self._stopping = stopping

    def head(self, given: InputObject) -> Header:
        """The header line."""
        return csv_header(self._store, given)

    def shares(self, given: InputObject, head: Header, scan: bool, rows_needed: bool) -> list[list[Share]]:
        """One output of one chunk: nobody can begin in the middle."""
        source = Source.of(given, head.length, given.size, **shared_facts(head, rows_needed))
        return [[Share(source, given.size)]]

    def score(self, source: Source, predictor: Predictor, progress: Progress) -> None:
        """One pass over the stream; parts that an earlier holder has uploaded are only unpacked.

        HandedBack after the present part when the worker is asked to end.
        """
        blocks = Counted(self._store.stream(source.object.address, source.etag))
        known, counted = len(progress.outcome.parts), 0
        with closing(self._texts(source, blocks)) as texts:
            left = Peekable(texts)
            for number, text in enumerate(left):
                if number < known:
                    counted = blocks.bytes
                    continue
                if self._stopping.is_set():
                    raise HandedBack
                with room() as grown:
                    done = scored(source, text, predictor, progress, self._record_limit, certain=True, grown=grown)
                    progress.add(as_part(done, len(text), left.more), blocks.bytes - counted, done=False)
                    del done
                counted = blocks.bytes
        if not progress.outcome.parts:
            if source.rows_needed:
                raise no_rows(str(source.object.address))
            progress.add(Scored(progress.head, 0, 0, 0, []), 0, done=False)
        progress.finish(0, 0, blocks.bytes - counted)

    def _texts(self, source: Source, blocks: "Counted") -> Generator[bytes, None, None]:
        kind, where = source.object.format, str(source.object.address)
        assert isinstance(kind, CsvFormat)  # noqa: S101 (readers are chosen by format)
        assert kind.unpack is not None  # noqa: S101 (what is streamed is packed)
        with closing(blocks):
            most = MOST_PARTS * self._chunk_bytes
            yield from pieces(
                limited(kind.unpack(blocks, where), blocks, most, where),
                source.start,
                self._chunk_bytes,
                self._record_limit,
                where,
                source.delimiter,
            )


class Peekable:
    """Texts that can be asked whether any is left."""

    def __init__(self, texts: Iterator[bytes]) -> None:
        self._texts = texts
        self._ahead: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        while self.more():
            yield self._ahead.pop()

    def more(self) -> bool:
        """Whether one is left: it is read for this, if it was not yet."""
        if not self._ahead:
            self._ahead.extend(islice(self._texts, 1))
        return bool(self._ahead)


def limited(texts: Iterator[bytes], packed: "Counted", most: int, where: str) -> Iterator[bytes]:
    """Unpacked text, as long as there is not absurdly more of it than of what it was packed in; UnreadableInput."""
    size = 0
    for text in texts:
        size += len(text)
        if size > most:
            raise UnreadableInput(where, f"unpacks to more than {most:,} bytes: split it, or submit it as plain CSV")
        if size > FREE_BYTES and size > MOST_RATIO * packed.bytes:
            raise UnreadableInput(where, f"unpacks to more than {MOST_RATIO} times its size: these are no orders")
        yield text


class Counted:
    """Blocks, and how many bytes have been taken of them."""

    def __init__(self, blocks: Generator[bytes, None, None]) -> None:
        self._blocks = blocks
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.bytes += len(block)
            yield block

    def close(self) -> None:
        """Let go of their source."""
        self._blocks.close()
