"""Consumer, archiver and the pace's counts, killed at any moment: nothing is lost, doubled or miscounted."""

import os
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from common.database.session import Database
from common.model.bundle import Bundle
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.prediction_log import LoggedPrediction
from monitor.archive.files import COLD
from monitor.log import consumer
from support.faults import kills
from support.faults.kills import Parts

KILLS = int(os.environ.get("KILLS", "9"))
"""`make fuzz` kills fifty times."""


@pytest.fixture
def parts(
    monitoring: dict[str, str], sample_bundle: Bundle, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Parts]:
    monkeypatch.setattr(consumer, "ABANDONED_MS", 200)
    archive = ObjectAddress(store.bucket, COLD)
    for found in store.objects_under(archive):
        store.delete(found.address)
    yield Parts(monitoring["DATABASE_URL"], monitoring["QUEUE_URL"], sample_bundle)
    for found in store.objects_under(archive):
        store.delete(found.address)


def counts(database: Database) -> tuple[list[object], list[object]]:
    with database.transaction() as session:
        cells = session.execute(text("SELECT * FROM pace_counts WHERE orders <> 0 ORDER BY day, cell")).all()
        return list(cells), list(session.execute(text("SELECT * FROM counted_orders ORDER BY hash")).all())


def test_whatever_is_killed_every_prediction_is_in_one_place_and_every_order_counted_once(
    parts: Parts, database: Database, store: ObjectStore, logged: Callable[..., list[LoggedPrediction]]
) -> None:
    ids, reported = kills.live_through(parts, logged, KILLS)
    parts.archiver().work()
    predictions, words = kills.everywhere(database, store)
    assert set(predictions) == ids
    assert set(predictions.values()) == {1}
    with database.transaction() as session:
        files = session.scalars(text("SELECT content FROM cold_files WHERE state = 'kept'")).all()
        hot = session.scalars(text("SELECT count(*) FROM predictions")).one()
    assert 0 < hot < len(ids), "some were archived"
    assert set(files) == {"predictions", "actuals"}
    assert words == reported
    kills.count(database, parts.bundle)
    followed = counts(database)
    with database.transaction() as session:
        session.execute(text("UPDATE pace_bases SET grouping = 'of another model'"))
    kills.count(database, parts.bundle)
    assert counts(database) == followed
    assert followed[1], "some orders count"
