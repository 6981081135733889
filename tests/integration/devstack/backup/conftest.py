"""A stack whose servers are up, a backup of it that is taken under traffic, and what is restored from that."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import NullPool, create_engine

from common.database.delivery_pace import write_pace
from common.database.migrate import migrate
from common.model.bundle import Bundle
from common.servers.objects import ObjectAddress
from common.servers.prediction_log import REFUSED_STREAM, STREAM, encode
from devstack.servers import seaweedfs
from devstack.stack import BUCKET, MLFLOW_BUCKET
from integration.devstack.commanded_stack import SERVERS, Commanded, commanded
from support.example import logged
from support.faults import kills
from support.gateway_fixtures import NOWHERE, create_key, fill_cache, running_gateway
from support.scorer.rig import FAST, Rig, csv_file, scorer_of
from support.stack_fixtures import UNSIGNED
from support.waiting import wait_until

SMALL = b"seller_zip_code_prefix,customer_lat,customer_lng\n" + b"9350,-23.577,-46.587\n" * 50
ORDER = {
    "seller_zip_code_prefix": 9350,
    "customer_lat": -23.577,
    "customer_lng": -46.587,
    "purchase_timestamp": "2018-03-02T10:00:00Z",
}
PARTS = {1: 5 * 2**20, 101: 5 * 2**20 + 1, 201: 7}
SHOP = 'name = "test"\n'


@dataclass
class Backup:
    """A stack whose servers are up, a backup of it, and what was known when it began and while it was taken."""

    rig: Rig
    file: Path
    expected: bytes
    half_done: UUID
    key: dict[str, str]
    answers: list[bytes]
    logged_before: set[str]
    succeeded_before: set[UUID]


@pytest.fixture(scope="package")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """The stack."""
    each = commanded(tmp_path_factory.mktemp("source"))
    each.up(*SERVERS)
    yield each
    each.devstack("down")
    assert each.living() == []


@pytest.fixture(scope="package")
def backup(source: Commanded, sample_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backup]:
    """Taken while jobs run, predictions are logged and stored, and old ones leave Postgres."""
    migrate(source.stack.database_url)
    fill_cache(source.stack.directory / "models")
    rig = rig_of(source)
    with rig.database.transaction() as session:
        write_pace(session, [(date(2018, 3, 1), group, 9.5, 100) for group in sample_bundle.manifest.map.pace_groups])
    in_mlflow(
        source, "CREATE TABLE runs (id int PRIMARY KEY, note text)", "INSERT INTO runs VALUES (1, 'ärger; -- \\')"
    )
    client = seaweedfs.client(source.stack)
    client.put_object(Bucket=MLFLOW_BUCKET, Key="1/run/artifacts/bundle.json", Body=b"{}")
    put_odd_objects(source)
    with Redis.from_url(source.environment["QUEUE_URL"]) as queue:
        queue.xadd(REFUSED_STREAM, {"predictions": b"\xff\x00", "reason": b"not ours"})
    ended = rig.scored(rig.put("in/small.csv", SMALL))
    half_done = rig.submit(rig.put("in/large.csv", csv_file(6_000)), wake=False)
    rig.scorer.tasks.run_job(half_done)
    rig.scorer.tasks._score(half_done)
    assert set(rig.chunks(half_done)) == {"succeeded", "queued"}
    key = create_key(rig.environment, "shop", "predict")
    taken = Backup(
        rig,
        tmp_path_factory.mktemp("backup") / "it.tar.zst",
        rig.output(ended),
        half_done,
        key,
        answers(rig, key),
        log(rig, 60),
        {UUID(ended["id"])},
    )
    shop = taken.file.with_name("shop.toml")
    shop.write_text(SHOP)
    with traffic(taken, sample_bundle):
        done = source.devstack("backup", str(taken.file), SHOP_FILE=str(shop))
    assert done.returncode == 0, done.stderr
    yield taken
    rig.database.close()


@pytest.fixture(scope="package")
def restored(backup: Backup, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Commanded, Rig]]:
    """Another machine's stack after `devstack restore`, its servers up again."""
    there = commanded(tmp_path_factory.mktemp("restored"))
    done = there.devstack("restore", str(backup.file))
    assert done.returncode == 0, done.stderr
    assert there.living() == []
    fill_cache(there.stack.directory / "models")
    there.up(*SERVERS)
    rig = rig_of(there)
    yield there, rig
    rig.database.close()
    there.devstack("down")


def rig_of(stack: Commanded) -> Rig:
    environment = {
        "MODE": "local",
        **stack.environment,
        **UNSIGNED,
        **FAST,
        "REGISTRY_URL": NOWHERE,
        "GATEWAY_KEYS": "required",
    }
    return Rig(stack.stack, environment, scorer_of(environment))


def in_mlflow(stack: Commanded, *statements: str) -> list[tuple[Any, ...]]:
    with create_engine(stack.stack.mlflow_database_url, poolclass=NullPool).begin() as connection:
        result = [connection.exec_driver_sql(statement) for statement in statements][-1]
        return [tuple(row) for row in result] if result.returns_rows else []


def put_odd_objects(stack: Commanded) -> None:
    """In parts of odd sizes and numbers, with all that can be said of an object, under an odd key, and empty."""
    client = seaweedfs.client(stack.stack)
    upload: Any = {"Bucket": BUCKET, "Key": "odd/parts"}
    upload |= {"UploadId": client.create_multipart_upload(**upload, Metadata={"job-owner": "a%20b"})["UploadId"]}
    parts: Any = [
        {"PartNumber": number, "ETag": client.upload_part(**upload, PartNumber=number, Body=b"x" * size)["ETag"]}
        for number, size in PARTS.items()
    ]
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    client.put_object(
        Bucket=BUCKET, Key="odd/São Paulo +&%20.csv.gz", Body=b"x", ContentType="text/csv", ContentEncoding="gzip"
    )
    client.put_object(Bucket=BUCKET, Key="odd/_SUCCESS", Body=b"")


def answers(rig: Rig, key: dict[str, str]) -> list[bytes]:
    """What a gateway answers to the key's owner."""
    with running_gateway(rig.environment, rig.stack.directory) as gateway:
        gateway.wait_ready()
        client = gateway.client
        requests = [
            client.post("/delivery_time", json=ORDER | {"on_time_share": 0.9}, headers=key),
            client.post("/delivery_times", json={"orders": [ORDER, ORDER | {"customer_lat": -19.9}]}, headers=key),
            client.get("/model", headers=key),
        ]
        assert all(answer.is_success for answer in requests)
        return [answer.content for answer in requests]


def log(rig: Rig, count: int, batch: int = 10) -> set[str]:
    """Log predictions of the last five hundred days; their ids."""
    now, ids = datetime.now(UTC), set[str]()
    with Redis.from_url(rig.environment["QUEUE_URL"]) as queue:
        for _ in range(count // batch):
            rows = logged(batch, now - timedelta(days=500), timedelta(days=500) / batch)
            queue.xadd(STREAM, encode(rows))
            ids |= {str(UUID(str(row.id))) for row in rows}
    return ids


@contextmanager
def traffic(taken: Backup, bundle: Bundle) -> Iterator[None]:
    """Jobs, predictions, and the monitor's consumer and archiver, for the block."""
    rig, ended = taken.rig, threading.Event()
    uri = str(ObjectAddress(BUCKET, "in/small.csv"))

    def jobs() -> None:
        while not ended.is_set():
            rig.scored(uri)

    def predictions() -> None:
        while not ended.wait(0.02):
            log(rig, 20)

    with patch.dict(os.environ, rig.environment):
        parts = kills.Parts(rig.environment["DATABASE_URL"], rig.environment["QUEUE_URL"], bundle)
        children = [kills.started(parts.consume), kills.started(parts.archive)]
    threads = [threading.Thread(target=work) for work in (jobs, predictions)]
    try:
        wait_until(lambda: kills.archived(rig.database))
        for thread in threads:
            thread.start()
        yield
        ended.set()
        for thread in threads:
            thread.join()
    finally:
        ended.set()
        for child in children:
            kills.end(child)
