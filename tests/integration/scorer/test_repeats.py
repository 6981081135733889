"""Whatever comes twice, late, or too late changes nothing."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from common.batch.jobs import as_body
from common.errors import JobStateConflict, ObjectStoreUnavailable, UploadGone
from common.servers import objects
from common.servers.objects import ObjectAddress
from devstack.stack import BUCKET
from scorer.jobs import completion
from scorer.jobs.attempts import ClaimLost
from scorer.readers import spans
from support.scorer.rig import Rig, csv_file

ROWS = 9_000


@pytest.fixture(scope="module")
def many() -> bytes:
    return csv_file(ROWS)


def test_every_task_delivered_again_changes_nothing(alone: Rig, many: bytes) -> None:
    uri = alone.put("in/repeat.csv", many)
    expected = alone.output(alone.scored(uri))
    job_id = alone.submit(uri, wake=False)
    while alone.job(job_id).finished_at is None:
        for _ in range(2):
            alone.scorer.tasks.run_job(job_id)
            alone.scorer.tasks.score_chunk(job_id)
    for _ in range(2):
        alone.scorer.tasks.run_job(job_id)
        alone.scorer.tasks.score_chunk(job_id)
    body = as_body(alone.job(job_id))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", ROWS, ROWS // 100)
    assert alone.output(body) == expected
    assert alone.uploads() == []


def test_a_chunk_scored_by_two_workers_at_once_counts_once(alone: Rig, many: bytes) -> None:
    uri = alone.put("in/twice.csv", many)
    job_id = alone.submit(uri, wake=False)
    alone.scorer.tasks.run_job(job_id)
    slow = alone.scorer.chunks.claim(job_id)
    assert slow is not None
    with alone.database.transaction() as session:
        session.execute(
            text("UPDATE batch_chunks SET lease_expires_at = now() - interval '1 s' WHERE claim IS NOT NULL")
        )
    quick = alone.scorer.chunks.claim(job_id)
    assert quick is not None
    assert quick.number == slow.number
    alone.scorer.tasks.work(quick)
    with pytest.raises(ClaimLost):
        alone.scorer.tasks.work(slow)
    body = alone.drive(job_id)
    assert (body["status"], body["rows_done"]) == ("succeeded", ROWS)


def test_an_input_replaced_while_the_job_runs_ends_it_with_the_reason(alone: Rig, many: bytes) -> None:
    uri = alone.put("in/replaced.csv", many)
    job_id = alone.submit(uri, wake=False)
    alone.scorer.tasks.run_job(job_id)
    alone.scorer.tasks.score_chunk(job_id)
    alone.put("in/replaced.csv", many[:-3] + b"zz\n")
    body = alone.drive(job_id)
    assert body["status"] == "failed"
    assert "in/replaced.csv was replaced while the job ran" in body["error"]
    assert alone.uploads() == []
    assert alone.keys(f"results/{job_id}") == []


def test_an_input_replaced_before_planning_ends_it_too(alone: Rig) -> None:
    job_id = alone.submit(alone.put("in/early.csv", csv_file(3)), wake=False)
    alone.put("in/early.csv", csv_file(4))
    assert "was replaced" in alone.drive(job_id)["error"]


@pytest.mark.parametrize("state", ["queued", "planned", "half done", "all chunks done"])
def test_a_cancelled_job_leaves_nothing_behind_whenever_it_comes(
    alone: Rig, many: bytes, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = alone.submit(alone.put("in/cancelled.csv", many), wake=False)
    late = None
    if state != "queued":
        alone.scorer.tasks.run_job(job_id)
    if state == "half done":
        alone.scorer.tasks.score_chunk(job_id)
        late = alone.scorer.chunks.claim(job_id)
    if state == "all chunks done":
        with monkeypatch.context() as patched:
            patched.setattr(alone.scorer.completion, "complete", lambda _: None)
            while alone.chunks(job_id)["queued"]:
                alone.scorer.tasks.score_chunk(job_id)
        assert alone.chunks(job_id).keys() == {"succeeded"}
    assert alone.jobs.cancel(job_id).status == "cancelled"
    alone.scorer.tasks.run_job(job_id)
    alone.scorer.tasks.score_chunk(job_id)
    if late is not None:
        with pytest.raises((ClaimLost, UploadGone)):
            alone.scorer.tasks.work(late)
    assert alone.job(job_id).status == "cancelled"
    assert alone.uploads() == []
    assert alone.keys(f"results/{job_id}") == []


@pytest.mark.parametrize("state", ["planned", "in work"])
def test_a_cancelled_small_job_leaves_nothing_behind_either(alone: Rig, state: str) -> None:
    """Its only chunk writes the output by one request."""
    job_id = alone.submit(alone.put("in/small-cancelled.csv", csv_file(30)), wake=False)
    planning = alone.scorer.plans.claim(job_id)
    assert planning is not None
    alone.scorer.plans.make(planning)
    assert alone.uploads() == []
    late = None
    if state == "in work":
        late = alone.scorer.chunks.claim(job_id)
    assert alone.jobs.cancel(job_id).status == "cancelled"
    alone.scorer.tasks.run_job(job_id)
    if late is not None:
        with pytest.raises(ClaimLost):
            alone.scorer.tasks.work(late)
    assert alone.job(job_id).status == "cancelled"
    assert alone.keys(f"results/{job_id}") == []


def test_an_ended_job_cannot_be_cancelled(alone: Rig) -> None:
    body = alone.scored(alone.put("in/ended.csv", csv_file(3)))
    with pytest.raises(JobStateConflict, match="succeeded"):
        alone.jobs.cancel(UUID(body["id"]))
    assert len(alone.output(body).splitlines()) == 4


def test_a_worker_that_died_between_store_and_database_while_completing_is_made_good(
    alone: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The uploads are completed, the row is not: the next to complete it takes the objects for the job's own."""
    for number in range(2):
        alone.put(f"completed/{number}.csv", csv_file(30))
    job_id = alone.submit("s3://delivery-time/completed/", wake=False)
    alone.scorer.tasks.run_job(job_id)
    alone.scorer.tasks.score_chunk(job_id)
    with monkeypatch.context() as patched:
        patched.setattr(completion, "first_errors", die)
        with pytest.raises(RuntimeError, match="killed"):
            alone.scorer.tasks.score_chunk(job_id)
    assert alone.job(job_id).status == "running"
    assert len(alone.keys_in(as_body(alone.job(job_id)))) == 3
    body = alone.drive(job_id)
    assert (body["status"], body["rows_total"], len(alone.keys_in(body))) == ("succeeded", 60, 3)


def test_a_small_job_whose_output_is_written_and_not_yet_its_success_is_done_again(
    alone: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = alone.submit(alone.put("in/completed.csv", csv_file(30)), wake=False)
    with monkeypatch.context() as patched:
        patched.setattr(completion, "first_errors", die)
        alone.scorer.tasks.run_job(job_id)
    assert alone.job(job_id).status == "running"
    assert len(alone.output(as_body(alone.job(job_id))).splitlines()) == 31
    body = alone.drive(job_id)
    assert (body["status"], body["rows_total"]) == ("succeeded", 30)


def die(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_chunk_that_always_fails_ends_its_job_with_the_reason(alone: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the worker trips over this row")

    monkeypatch.setattr(spans, "score_text", broken)
    body = alone.scored(alone.put("in/poison.csv", csv_file(30)))
    assert body["status"] == "failed"
    assert "chunk 0 failed 5 times: ZeroDivisionError: the worker trips over this row" in body["error"]
    assert alone.uploads() == []


def test_a_chunk_whose_workers_die_ends_its_job_with_the_reason(alone: Rig, many: bytes) -> None:
    job_id = alone.submit(alone.put("in/deadly.csv", many), wake=False)
    alone.scorer.tasks.run_job(job_id)
    for _ in range(5):
        assert alone.scorer.chunks.claim(job_id) is not None
        with alone.database.transaction() as session:
            session.execute(text("UPDATE batch_chunks SET lease_expires_at = now() - interval '1 s'"))
    body = alone.drive(job_id)
    assert body["status"] == "failed"
    assert "its worker ended without a word" in body["error"]


def test_uploads_that_no_job_knows_are_aborted_by_age_and_others_stay(
    alone: Rig, many: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "LISTED_UPLOADS", 2)
    job_id = alone.submit(alone.put("in/kept.csv", many), wake=False)
    alone.scorer.tasks.run_job(job_id)
    for name in "vwxyz":
        alone.store.begin_upload(ObjectAddress(BUCKET, f"results/nobody/{name}.csv"), "text/csv")
    elsewhere = ObjectAddress(BUCKET, "elsewhere/x.csv")
    other = alone.store.begin_upload(elsewhere, "text/csv")
    alone.scorer.sweeper.abort_orphans(datetime(2020, 1, 1, tzinfo=UTC))
    assert len(alone.uploads()) == 7
    alone.scorer.sweeper.abort_orphans(datetime.now(UTC).replace(year=2100))
    assert sorted(alone.uploads()) == ["elsewhere/x.csv", f"results/{job_id}/kept.csv"]
    alone.store.abort_upload(elsewhere, other)
    assert alone.drive(job_id)["status"] == "succeeded"


def test_uploads_of_a_planning_that_lost_the_store_are_aborted_by_the_next(
    alone: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        alone.put(f"five/{number}.csv", csv_file(3))
    job_id = alone.submit("s3://delivery-time/five/", wake=False)

    begin_upload = alone.store.begin_upload

    def fails_later(output: ObjectAddress, *more: Any) -> str:
        if output.key.endswith("4.csv"):
            raise ObjectStoreUnavailable("SlowDown")
        return begin_upload(output, *more)

    with monkeypatch.context() as disturbed:
        disturbed.setattr(alone.store, "begin_upload", fails_later)
        alone.scorer.tasks.run_job(job_id)
    assert alone.uploads()
    assert alone.drive(job_id)["status"] == "succeeded"
    assert alone.uploads() == []


def test_uploads_of_others_under_the_prefix_of_a_failed_job_stay(alone: Rig) -> None:
    alone.put("bad-inputs/1.csv", csv_file(3))
    alone.put("bad-inputs/2.csv", b"no columns\n")
    shared = ObjectAddress(BUCKET, "shared/of-another-program.bin")
    other = alone.store.begin_upload(shared, "application/octet-stream")
    job_id = alone.submit("s3://delivery-time/bad-inputs/", output="s3://delivery-time/shared/", wake=False)
    assert alone.drive(job_id)["status"] == "failed"
    assert alone.uploads() == ["shared/of-another-program.bin"]
    alone.store.abort_upload(shared, other)


def test_jobs_that_ended_long_ago_are_forgotten(alone: Rig) -> None:
    body = alone.scored(alone.put("in/old.csv", csv_file(3)))
    with alone.database.transaction() as session:
        session.execute(text("UPDATE batch_jobs SET finished_at = now() - interval '31 days' WHERE id = :id"), body)
    alone.scorer.sweeper.tidy()
    with alone.database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM batch_jobs WHERE id = :id"), body) == 0
        assert session.scalar(text("SELECT count(*) FROM batch_chunks WHERE job_id = :id"), body) == 0
