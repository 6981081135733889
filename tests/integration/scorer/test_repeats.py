"""Whatever comes twice, late, or too late changes nothing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from common.batch import jobs
from common.database.session import transaction
from common.errors import JobStateConflict, ObjectStoreUnavailable
from common.servers import objects
from common.servers.objects import ObjectAddress
from devstack.stack import BUCKET
from scorer.jobs import lifecycle, store, sweeping, tasks, work
from scorer.jobs.claims import claim_chunk
from scorer.jobs.store import UploadGone
from scorer.jobs.work import ClaimLost
from support.scorer_rig import Rig, csv_file

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
            tasks.run_job(job_id)
            tasks.score_chunk(job_id)
    for _ in range(2):
        tasks.run_job(job_id)
        tasks.score_chunk(job_id)
    body = jobs.as_body(alone.job(job_id))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", ROWS, ROWS // 100)
    assert alone.output(body) == expected
    assert alone.uploads() == []


def test_a_chunk_scored_by_two_workers_at_once_counts_once(alone: Rig, many: bytes) -> None:
    uri = alone.put("in/twice.csv", many)
    job_id = alone.submit(uri, wake=False)
    tasks.run_job(job_id)
    with transaction() as session:
        slow = claim_chunk(session, job_id)
    assert slow is not None
    with transaction() as session:
        session.execute(
            text("UPDATE batch_chunks SET lease_expires_at = now() - interval '1 s' WHERE claim IS NOT NULL")
        )
    with transaction() as session:
        quick = claim_chunk(session, job_id)
    assert quick is not None
    assert quick.number == slow.number
    work.work(quick)
    with pytest.raises(ClaimLost):
        work.work(slow)
    body = alone.drive(job_id)
    assert (body["status"], body["rows_done"]) == ("succeeded", ROWS)


def test_an_input_replaced_while_the_job_runs_ends_it_with_the_reason(alone: Rig, many: bytes) -> None:
    uri = alone.put("in/replaced.csv", many)
    job_id = alone.submit(uri, wake=False)
    tasks.run_job(job_id)
    tasks.score_chunk(job_id)
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
        tasks.run_job(job_id)
    if state == "half done":
        tasks.score_chunk(job_id)
        with transaction() as session:
            late = claim_chunk(session, job_id)
    if state == "all chunks done":
        with monkeypatch.context() as patched:
            patched.setattr(lifecycle, "complete", lambda _: None)
            while alone.chunks(job_id)["queued"]:
                tasks.score_chunk(job_id)
        assert alone.chunks(job_id).keys() == {"succeeded"}
    with transaction() as session:
        assert jobs.cancel(session, job_id).status == "cancelled"
    tasks.run_job(job_id)
    tasks.score_chunk(job_id)
    if late is not None:
        with pytest.raises((ClaimLost, UploadGone)):
            work.work(late)
    assert alone.job(job_id).status == "cancelled"
    assert alone.uploads() == []
    assert alone.keys(f"results/{job_id}") == []


@pytest.mark.parametrize("state", ["planned", "in work", "written"])
def test_a_cancelled_small_job_leaves_nothing_behind_either(
    alone: Rig, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its only chunk writes the output by one request."""
    job_id = alone.submit(alone.put("in/small-cancelled.csv", csv_file(30)), wake=False)
    planning = lifecycle.claim_planning(job_id)
    assert planning is not None
    lifecycle.plan_job(planning)
    assert alone.uploads() == []
    late = None
    if state == "in work":
        with transaction() as session:
            late = claim_chunk(session, job_id)
    if state == "written":
        with monkeypatch.context() as patched:
            patched.setattr(lifecycle, "complete", lambda _: None)
            tasks.run_job(job_id)
        assert alone.keys(f"results/{job_id}") != []
    with transaction() as session:
        assert jobs.cancel(session, job_id).status == "cancelled"
    tasks.run_job(job_id)
    if late is not None:
        with pytest.raises(ClaimLost):
            work.work(late)
    assert alone.job(job_id).status == "cancelled"
    assert alone.keys(f"results/{job_id}") == []


def test_an_ended_job_cannot_be_cancelled(alone: Rig) -> None:
    body = alone.scored(alone.put("in/ended.csv", csv_file(3)))
    with transaction() as session, pytest.raises(JobStateConflict, match="succeeded"):
        jobs.cancel(session, UUID(body["id"]))
    assert len(alone.output(body).splitlines()) == 4


def test_a_worker_that_died_between_store_and_database_while_completing_is_made_good(alone: Rig) -> None:
    """The upload is completed, the row is not: the next to complete it takes the object for the job's own."""
    uri = alone.put("in/completed.csv", csv_file(30))
    job_id = alone.submit(uri, wake=False)
    real = lifecycle._write_manifest
    try:
        lifecycle._write_manifest = die
        with pytest.raises(RuntimeError, match="killed"):
            tasks.run_job(job_id)
    finally:
        lifecycle._write_manifest = real
    assert alone.job(job_id).status == "running"
    assert len(alone.output(jobs.as_body(alone.job(job_id))).splitlines()) == 31
    body = alone.drive(job_id)
    assert (body["status"], body["rows_total"]) == ("succeeded", 30)


def die(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_chunk_that_always_fails_ends_its_job_with_the_reason(alone: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the worker trips over this row")

    monkeypatch.setattr(work, "score_text", broken)
    body = alone.scored(alone.put("in/poison.csv", csv_file(30)))
    assert body["status"] == "failed"
    assert "chunk 0 failed 5 times: ZeroDivisionError: the worker trips over this row" in body["error"]
    assert alone.uploads() == []


def test_a_chunk_whose_workers_die_ends_its_job_with_the_reason(alone: Rig, many: bytes) -> None:
    job_id = alone.submit(alone.put("in/deadly.csv", many), wake=False)
    tasks.run_job(job_id)
    for _ in range(5):
        with transaction() as session:
            assert claim_chunk(session, job_id) is not None
        with transaction() as session:
            session.execute(text("UPDATE batch_chunks SET lease_expires_at = now() - interval '1 s'"))
    body = alone.drive(job_id)
    assert body["status"] == "failed"
    assert "its worker ended without a word" in body["error"]


def test_uploads_that_no_job_knows_are_aborted_by_age_and_others_stay(
    alone: Rig, many: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PAGE_UPLOADS", 2)
    job_id = alone.submit(alone.put("in/kept.csv", many), wake=False)
    tasks.run_job(job_id)
    for name in "vwxyz":
        objects.s3().create_multipart_upload(Bucket=BUCKET, Key=f"results/nobody/{name}.csv")
    objects.s3().create_multipart_upload(Bucket=BUCKET, Key="elsewhere/x.csv")
    sweeping.abort_orphans(datetime(2020, 1, 1, tzinfo=UTC))
    assert len(alone.uploads()) == 7
    sweeping.abort_orphans(datetime.now(UTC).replace(year=2100))
    assert sorted(alone.uploads()) == ["elsewhere/x.csv", f"results/{job_id}/kept.csv"]
    for upload in objects.s3().list_multipart_uploads(Bucket=BUCKET)["Uploads"]:
        if upload["Key"].startswith("elsewhere/"):
            objects.s3().abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
    assert alone.drive(job_id)["status"] == "succeeded"


def test_uploads_of_a_planning_that_lost_the_store_are_aborted_by_the_next(
    alone: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        alone.put(f"five/{number}.csv", csv_file(3))
    job_id = alone.submit("s3://delivery-time/five/", wake=False)

    def fails_later(output: ObjectAddress, job_id: UUID) -> str:
        if output.key.endswith("4.csv"):
            raise ObjectStoreUnavailable("SlowDown")
        return create_upload(output, job_id)

    with monkeypatch.context() as disturbed:
        create_upload = store.create_upload
        disturbed.setattr(store, "create_upload", fails_later)
        tasks.run_job(job_id)
    assert alone.uploads()
    assert alone.drive(job_id)["status"] == "succeeded"
    assert alone.uploads() == []


def test_uploads_of_others_under_the_prefix_of_a_failed_job_stay(alone: Rig) -> None:
    alone.put("bad-inputs/1.csv", csv_file(3))
    alone.put("bad-inputs/2.csv", b"no columns\n")
    other = objects.s3().create_multipart_upload(Bucket=BUCKET, Key="shared/of-another-program.bin")["UploadId"]
    job_id = alone.submit("s3://delivery-time/bad-inputs/", output="s3://delivery-time/shared/", wake=False)
    assert alone.drive(job_id)["status"] == "failed"
    assert alone.uploads() == ["shared/of-another-program.bin"]
    objects.s3().abort_multipart_upload(Bucket=BUCKET, Key="shared/of-another-program.bin", UploadId=other)


def test_jobs_that_ended_long_ago_are_forgotten(alone: Rig) -> None:
    body = alone.scored(alone.put("in/old.csv", csv_file(3)))
    with transaction() as session:
        session.execute(text("UPDATE batch_jobs SET finished_at = now() - interval '31 days' WHERE id = :id"), body)
    sweeping.tidy()
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM batch_jobs WHERE id = :id"), body) == 0
        assert session.scalar(text("SELECT count(*) FROM batch_chunks WHERE job_id = :id"), body) == 0
