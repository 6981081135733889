"""Score one claimed chunk: read its span, upload its parts, store what became of it."""

from collections.abc import Callable, Generator
from contextlib import closing
from threading import Event

from common.database.session import transaction
from common.errors import UnreadableInput
from common.model.predictor import Predictor
from common.settings import load
from scorer.csv.columns import Layout
from scorer.csv.cutting import gunzipped, pieces
from scorer.csv.scoring import CutInsideRecord, score_text
from scorer.jobs import models
from scorer.jobs.claims import ClaimedChunk, store_progress
from scorer.jobs.patience import patiently
from scorer.jobs.source import Source
from scorer.jobs.store import put, read_range, read_stream, upload_part
from scorer.parquet.scoring import score_row_groups
from scorer.rows.outcome import Outcome, Scored
from scorer.settings import ScorerSettings

stopping = Event()
"""Set when the worker is asked to end: a chunk of many parts stops after the present one."""


class ClaimLost(Exception):
    """Another worker has the chunk, or its job has ended: what was done here counts for nothing and harms nothing."""


class HandedBack(Exception):
    """The worker is asked to end; the chunk goes on elsewhere, after its last part."""


def work(chunk: ClaimedChunk) -> None:
    """Score and upload a chunk.

    Raises ClaimLost, HandedBack, CutInsideRecord (the job must be cut anew), UploadGone, InputReplaced,
    UnreadableInput, and kinds of Unavailable.
    """
    predictor = models.predictor(chunk.model_version, chunk.pace_digest)
    if chunk.source.format == "parquet":
        _work_parquet(chunk, predictor)
    elif chunk.source.format == "csv.gz":
        _work_gzip(chunk, predictor)
    else:
        _work_csv(chunk, predictor)


def _work_csv(chunk: ClaimedChunk, predictor: Predictor) -> None:
    source = chunk.source
    text = read_range(source.object, source.start, source.end)
    try:
        scored = score_text(text, _layout(source), predictor, chunk.now)
    except CutInsideRecord:
        if source.last and source.certain:
            raise _never_closed(source) from None
        raise
    outcome, added = Outcome(), (scored.rows, scored.rows_failed, chunk.bytes)
    if chunk.upload_id:
        _upload(chunk, outcome, scored)
        _store(chunk, outcome, added, done=True)
    else:
        outcome.add(scored)
        _store(chunk, outcome, added, done=True, at_once=_body(chunk, scored, first=True))


def _work_gzip(chunk: ClaimedChunk, predictor: Predictor) -> None:
    """One pass over the stream; parts that an earlier holder has uploaded are only decompressed."""
    source, outcome, layout = chunk.source, chunk.before, _layout(chunk.source)
    known, consumed, counted = len(outcome.parts), 0, 0

    def count(size: int) -> None:
        nonlocal consumed
        consumed += size

    with closing(_gzip_pieces(source, count)) as texts:
        for number, text in enumerate(texts):
            if number < known:
                counted = consumed
                continue
            if stopping.is_set():
                raise HandedBack
            try:
                scored = score_text(text, layout, predictor, chunk.now)
            except CutInsideRecord:
                raise _never_closed(source) from None
            _upload(chunk, outcome, scored)
            _store(chunk, outcome, (scored.rows, scored.rows_failed, consumed - counted), done=False)
            counted = consumed
    if not outcome.parts:
        if source.rows_needed:
            raise no_rows(str(source.object.address))
        _upload(chunk, outcome, Scored(b"", 0, 0, 0, []))
    _store(chunk, outcome, (0, 0, consumed - counted), done=True)


def _work_parquet(chunk: ClaimedChunk, predictor: Predictor) -> None:
    parts: list[dict[str, object]] = []

    def upload(body: bytes) -> None:
        parts.append(upload_part(chunk.output, chunk.upload_id, len(parts) + 1, body))

    outcome = score_row_groups(chunk.source, predictor, chunk.now, upload)
    outcome.parts = parts
    _store(chunk, outcome, (outcome.rows, outcome.rows_failed, chunk.bytes), done=True)


def no_rows(where: str) -> UnreadableInput:
    """The error of a file without a record."""
    return UnreadableInput(where, "has no rows: there is nothing to score")


def _gzip_pieces(source: Source, count: Callable[[int], None]) -> Generator[bytes, None, None]:
    settings = load(ScorerSettings)
    where = str(source.object.address)
    with closing(read_stream(source.object)) as blocks:
        texts = gunzipped(blocks, where, count)
        yield from pieces(texts, source.start, settings.chunk_bytes, settings.record_limit_bytes, where)


def _layout(source: Source) -> Layout:
    return Layout(source.columns, source.positions)


def _never_closed(source: Source) -> UnreadableInput:
    return UnreadableInput(str(source.object.address), "opens a quoted field that is never closed: check its quotes")


def _upload(chunk: ClaimedChunk, outcome: Outcome, scored: Scored) -> None:
    first, number = not outcome.parts, chunk.source.part + len(outcome.parts)
    outcome.parts.append(upload_part(chunk.output, chunk.upload_id, number, _body(chunk, scored, first)))
    outcome.add(scored)


def _body(chunk: ClaimedChunk, scored: Scored, first: bool) -> bytes:
    header = chunk.source.header
    return b"".join([header.encode(), scored.body]) if first and header is not None else scored.body


def _store(
    chunk: ClaimedChunk, outcome: Outcome, added: tuple[int, int, int], done: bool, at_once: bytes | None = None
) -> None:
    """Store what became of the chunk; with its output, if that is written at once: ClaimLost comes before it."""

    def store() -> bool:
        with transaction() as session:
            stored = store_progress(session, chunk, outcome, added, done)
            if stored and at_once is not None:
                put(chunk.output, at_once, chunk.job_id)
            return stored

    if not patiently(store):
        raise ClaimLost
