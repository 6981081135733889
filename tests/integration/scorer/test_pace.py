"""A job is scored with the delivery pace that was present when it was planned, to its end."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from common.database.delivery_pace import write_pace
from common.model.pace import PaceTable
from scorer.model import pace_snapshots
from support.scorer.rig import CHUNK_BYTES, Rig, csv_file

TODAY = datetime.now(UTC).date()
UNDATED = b"seller_zip_code_prefix,customer_lat,customer_lng\n9350,-23.5,-46.5\n"
DATED = b"seller_zip_code_prefix,customer_lat,customer_lng,purchase_timestamp\n9350,-23.5,-46.5,2017-06-01T12:00:00\n"


@pytest.fixture(autouse=True)
def no_pace_yet(alone: Rig) -> Iterator[None]:
    """No pace in the database, before and after, and nothing remembered of it."""
    _forget(alone)
    yield
    _forget(alone)


def _forget(rig: Rig) -> None:
    with rig.database.transaction() as session:
        session.execute(text("DELETE FROM delivery_pace"))


def monitor_writes(rig: Rig, days: float, last: date = TODAY) -> None:
    """A pace of these days in every group, on the last day and the one before it; the scorer looks it up anew."""
    rig.restart()
    with rig.database.transaction() as session:
        write_pace(session, [(last - timedelta(ago), group, days, 100) for ago in (1, 0) for group in groups(rig)])


def groups(rig: Rig) -> tuple[str, ...]:
    """Those of the champion."""
    return rig.scorer.models.predictor("1", None).pace.groups


def steady(rig: Rig, days: float) -> PaceTable:
    """A table of one day."""
    count = len(groups(rig))
    return PaceTable(groups(rig), TODAY, np.full((1, count), days), np.zeros((1, count), dtype=np.int64))


def prediction(rig: Rig, text: bytes) -> tuple[float, str]:
    """Predicted days of a file's only row, and the newest day of the pace that its job was scored with."""
    body = rig.scored(rig.put("in/pace.csv", text))
    return float(rig.output(body).splitlines()[1].rpartition(b",")[0].split(b",")[-3]), str(body["pace_day"])


def test_the_present_pace_counts_and_the_job_says_its_day(alone: Rig) -> None:
    own, of_training = prediction(alone, UNDATED)
    monitor_writes(alone, days=28.0)
    slow, today = prediction(alone, UNDATED)
    assert slow > 1.3 * own
    assert (of_training < today, today) == (True, str(TODAY))


def test_rows_with_a_purchase_time_take_the_pace_of_its_day(alone: Rig) -> None:
    with alone.database.transaction() as session:
        history = alone.scorer.models.predictor("1", None).pace
        write_pace(session, history.rows())
    then, _ = prediction(alone, DATED)
    monitor_writes(alone, days=28.0)
    assert prediction(alone, DATED) == (then, str(TODAY))


def test_a_pace_older_than_the_models_own_is_not_taken(alone: Rig) -> None:
    own = prediction(alone, UNDATED)
    monitor_writes(alone, days=28.0, last=date(2017, 3, 1))
    assert prediction(alone, UNDATED) == own


def test_a_pace_that_changes_while_a_job_runs_does_not_change_its_result(alone: Rig) -> None:
    monitor_writes(alone, days=8.0)
    undated = csv_file(6_000).replace(b"purchase_timestamp", b"bought", 1)
    assert len(undated) > 2 * CHUNK_BYTES
    uri = alone.put("in/steady.csv", undated)
    undisturbed = alone.scored(uri)
    expected = alone.output(undisturbed)
    job_id = alone.submit(uri, wake=False)
    with (
        alone.database.transaction() as session
    ):  # rows without a purchase time were bought when their job was submitted
        same = {"id": job_id, "moment": undisturbed["created_at"]}
        session.execute(text("UPDATE batch_jobs SET created_at = :moment WHERE id = :id"), same)
    alone.scorer.tasks.run_job(job_id)
    alone.scorer.tasks.score_chunk(job_id)
    monitor_writes(alone, days=28.0)
    assert alone.output(alone.drive(job_id)) == expected
    assert alone.output(alone.scored(uri)) != expected


def test_a_pace_that_no_job_refers_to_is_forgotten_by_age(alone: Rig) -> None:
    monitor_writes(alone, days=9.0)
    job_id = alone.submit(alone.put("in/pace.csv", UNDATED), wake=False)
    alone.scorer.tasks.run_job(job_id)
    used = alone.job(job_id).pace_digest
    with alone.database.transaction() as session:
        unused, fresh = (pace_snapshots.keep(session, steady(alone, days)) for days in (5.0, 6.0))
        session.execute(
            text("UPDATE pace_snapshots SET used_at = now() - interval '2 days' WHERE digest <> :fresh"),
            {"fresh": fresh},
        )
    alone.scorer.sweeper.tidy()
    with alone.database.transaction() as session:
        kept = set(session.scalars(text("SELECT digest FROM pace_snapshots")))
    assert {used, fresh} <= kept
    assert unused not in kept
