"""What is restored from a backup that was taken under traffic is what was there."""

import os
from typing import Any
from unittest.mock import patch

from redis import Redis

from common.batch.jobs import as_body
from common.model.bundle import Bundle
from common.servers.prediction_log import REFUSED_STREAM, STREAM
from devstack.backup.archive import read_parts
from devstack.servers import seaweedfs
from devstack.stack import BUCKET, MLFLOW_BUCKET
from integration.devstack.backup.conftest import SHOP, Backup, answers, in_mlflow
from integration.devstack.commanded_stack import Commanded
from support.faults import kills
from support.scorer.rig import Rig
from support.waiting import wait_until


def test_no_prediction_is_lost_or_doubled(
    backup: Backup, restored: tuple[Commanded, Rig], sample_bundle: Bundle
) -> None:
    _, rig = restored
    environment = rig.environment
    with Redis.from_url(environment["QUEUE_URL"]) as queue, patch.dict(os.environ, environment):
        parts = kills.Parts(environment["DATABASE_URL"], environment["QUEUE_URL"], sample_bundle)
        consumer = kills.started(parts.consume)
        try:
            wait_until(lambda: queue.xlen(STREAM) == 0)
        finally:
            kills.end(consumer)
        assert queue.xrange(REFUSED_STREAM)[0][1] == {b"predictions": b"\xff\x00", b"reason": b"not ours"}
    found, _ = kills.everywhere(rig.database, rig.store)
    assert backup.logged_before <= found.keys()
    assert set(found.values()) == {1}
    assert kills.archived(rig.database)


def test_every_job_has_its_result_or_comes_to_the_same(backup: Backup, restored: tuple[Commanded, Rig]) -> None:
    _, rig = restored
    jobs, _ = rig.jobs.list_page(limit=1_000)
    open_jobs = {job.id for job in jobs if job.status in {"running", "queued"}}
    assert backup.half_done in open_jobs
    assert backup.succeeded_before <= {job.id for job in jobs if job.status == "succeeded"}
    for job in jobs:
        body = rig.drive(job.id)
        assert body["status"] == "succeeded", body
        if job.id != backup.half_done:
            assert rig.output(body) == backup.expected
    backup.rig.restart()
    there, here = rig.job(backup.half_done), backup.rig.drive(backup.half_done)
    assert (there.model_version, there.pace_digest) == (here["model_version"], backup.rig.job(there.id).pace_digest)
    assert rig.output(as_body(there)) == backup.rig.output(here)


def test_the_same_requests_get_the_same_bytes(backup: Backup, restored: tuple[Commanded, Rig]) -> None:
    assert answers(restored[1], backup.key) == backup.answers


def test_objects_are_the_same_to_their_readers(
    source: Commanded, backup: Backup, restored: tuple[Commanded, Rig]
) -> None:
    there, _ = restored
    odd = described(there, BUCKET, "odd/")
    assert odd == described(source, BUCKET, "odd/")
    assert len(odd) == 3
    assert described(there, MLFLOW_BUCKET) == described(source, MLFLOW_BUCKET)


def test_the_registrys_tables_come_back(restored: tuple[Commanded, Rig]) -> None:
    assert in_mlflow(restored[0], "SELECT * FROM runs") == [(1, "ärger; -- \\")]


def test_the_shop_file_comes_back(restored: tuple[Commanded, Rig]) -> None:
    assert (restored[0].stack.directory / "shop.toml").read_text() == SHOP


def test_secrets_are_kept_out_unless_asked_for(source: Commanded, backup: Backup) -> None:
    content = b"".join(part.read() for part in read_parts(backup.file))
    assert not any(secret.encode() in content for secret in vars(source.stack.credentials).values())


def described(stack: Commanded, bucket: str, prefix: str = "") -> dict[str, tuple[Any, ...]]:
    """What readers see of each object, its bytes by their ETag."""
    client = seaweedfs.client(stack.stack)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    heads = {key: client.head_object(Bucket=bucket, Key=key) for key in keys}
    said = ("ETag", "ContentLength", "ContentType", "ContentEncoding", "Metadata")
    return {key: tuple(head.get(name) for name in said) for key, head in heads.items()}
