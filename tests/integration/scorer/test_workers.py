"""Workers and servers that die in the middle of a job: it ends right, byte for byte, and leaves no upload behind."""

import signal
import time
from collections.abc import Callable
from uuid import UUID

import pytest
import redis

from common.servers.queue import RUN_JOB, SCORE_CHUNK, URGENT
from support.scorer.rig import Rig, csv_file

ROWS = 21_000
"""Eight chunks: some are done, some in work and some waiting when the fault comes."""

URI = "s3://delivery-time/in/faults.csv"


@pytest.fixture(scope="module")
def text() -> bytes:
    return csv_file(ROWS)


@pytest.fixture(scope="module")
def expected() -> list[bytes]:
    """The result of the undisturbed run, once there is one."""
    return []


@pytest.fixture
def job(rig: Rig, text: bytes, expected: list[bytes]) -> UUID:
    """A job that is not yet woken; the first time, its undisturbed result is made too."""
    if not expected:
        working = len(rig.workers)
        rig.stop_workers()
        rig.put("in/faults.csv", text)
        expected.append(rig.output(rig.scored(URI)))
        rig.ensure_workers(working)
    return rig.submit(URI, wake=False)


@pytest.fixture
def half_done(rig: Rig, job: UUID) -> Callable[[], UUID]:
    """Wakes the job and returns when some chunks are done, some in work."""

    def begin() -> UUID:
        rig.queue.wake(job)
        rig.until(lambda: rig.chunks(job)["succeeded"] >= 1 and rig.chunks(job)["running"] >= 1, timeout=60)
        return job

    return begin


def assert_undisturbed(rig: Rig, job: UUID, expected: list[bytes]) -> None:
    body = rig.wait(job, timeout=120)
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", ROWS, ROWS // 100), body
    assert rig.output(body) == expected[0]
    assert rig.uploads() == []


def test_a_worker_killed_in_the_middle_of_a_chunk(
    rig: Rig, half_done: Callable[[], UUID], expected: list[bytes]
) -> None:
    victim, _ = rig.ensure_workers(2)
    job = half_done()
    victim.kill()
    assert_undisturbed(rig, job, expected)


def test_all_workers_killed_and_a_new_one_started(
    rig: Rig, half_done: Callable[[], UUID], expected: list[bytes]
) -> None:
    rig.ensure_workers(1)
    job = half_done()
    rig.stop_workers()
    assert rig.job(job).status == "running"
    assert rig.chunks(job)["running"] >= 1
    rig.ensure_workers(1)
    assert_undisturbed(rig, job, expected)


def test_sigterm_hands_chunks_over_within_thirty_seconds(
    rig: Rig, half_done: Callable[[], UUID], expected: list[bytes]
) -> None:
    (worker,) = rig.ensure_workers(1)
    job = half_done()
    begin = time.monotonic()
    rig.stop_workers(signal.SIGTERM)
    assert time.monotonic() - begin < 30
    assert worker.returncode == 0
    assert rig.chunks(job)["running"] == 0
    rig.ensure_workers(1)
    assert_undisturbed(rig, job, expected)


def test_a_job_committed_and_never_woken(worked: Rig, job: UUID, expected: list[bytes]) -> None:
    assert_undisturbed(worked, job, expected)


def test_every_task_delivered_several_times(worked: Rig, job: UUID, expected: list[bytes]) -> None:
    for task in (RUN_JOB, SCORE_CHUNK) * 5:
        worked.queue.send(task, job, URGENT)
    assert_undisturbed(worked, job, expected)


def test_the_queue_flushed_empty(worked: Rig, half_done: Callable[[], UUID], expected: list[bytes]) -> None:
    job = half_done()
    with redis.Redis.from_url(worked.stack.queue_url) as client:
        client.flushall()
    assert_undisturbed(worked, job, expected)


def test_the_queue_killed_and_restarted(worked: Rig, half_done: Callable[[], UUID], expected: list[bytes]) -> None:
    job = half_done()
    worked.kill("valkey")
    time.sleep(1)
    worked.start("valkey")
    assert_undisturbed(worked, job, expected)
    assert_same_worker(worked)


def test_the_database_killed_and_restarted(worked: Rig, half_done: Callable[[], UUID], expected: list[bytes]) -> None:
    job = half_done()
    worked.kill("postgres")
    time.sleep(1)
    worked.start("postgres")
    assert_undisturbed(worked, job, expected)
    assert_same_worker(worked)


def test_the_object_store_killed_for_several_tries(
    worked: Rig, half_done: Callable[[], UUID], expected: list[bytes]
) -> None:
    job = half_done()
    worked.kill("seaweedfs")
    time.sleep(6)
    worked.start("seaweedfs")
    assert_undisturbed(worked, job, expected)
    assert_same_worker(worked)


def assert_same_worker(rig: Rig) -> None:
    """The worker outlived the outage."""
    assert [worker.poll() for worker in rig.workers] == [None] * len(rig.workers)


def test_a_small_job_is_done_before_a_large_one_that_came_first(worked: Rig, job: UUID) -> None:
    worked.queue.wake(job)
    worked.until(lambda: worked.job(job).status == "running")
    small = worked.submit(worked.put("in/small.csv", csv_file(20)))
    assert worked.wait(small)["status"] == "succeeded"
    assert worked.job(job).status == "running"
    worked.wait(job)
