"""What one shop's keys set off is nobody else's business."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from sqlalchemy import create_engine, text

from support.example import ORDER
from support.gateway_fixtures import Gateway, create_key, gateway_command, running_gateway
from support.stack_fixtures import ObjectStore
from support.waiting import wait_until

Header = dict[str, str]


@pytest.fixture(scope="module")
def guarded(gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environment = {**gateway_env, "GATEWAY_KEYS": "required", "GATEWAY_RATE": "1", "GATEWAY_BURST": "30"}
    with running_gateway(environment, tmp_path_factory.mktemp("owners")) as running:
        running.wait_ready()
        yield running


@pytest.fixture
def keys(guarded: Gateway, gateway_env: dict[str, str]) -> dict[str, Header]:
    """Keys that the gateway knows: two of shop A, one of shop B, one of an administrator."""
    run = uuid4().hex
    made = {
        "a": create_key(gateway_env, f"a-{run}", "jobs", owner=f"shop-a-{run}"),
        "a too": create_key(gateway_env, f"a-too-{run}", "jobs", "predict", owner=f"shop-a-{run}"),
        "b": create_key(gateway_env, f"b-{run}", "jobs", "predict"),
        "admin": create_key(gateway_env, f"admin-{run}", "admin"),
    }
    wait_until(lambda: guarded.client.get("/batch-jobs", headers=made["admin"]).status_code == 200, 10)
    return made


@pytest.fixture
def body(object_store: ObjectStore) -> dict[str, str]:
    session = boto3.Session(object_store.access_key, object_store.secret_key, region_name=object_store.region)
    s3, key = session.client("s3", endpoint_url=object_store.endpoint), f"owners/{uuid4()}/orders.csv"
    s3.put_object(
        Bucket=object_store.bucket, Key=key, Body=b"seller_zip_code_prefix,customer_lat,customer_lng\n9350,-23,-46\n"
    )
    s3.close()
    return {"input_uri": f"s3://{object_store.bucket}/{key}"}


def listed(gateway: Gateway, key: Header) -> list[Any]:
    return [job["id"] for job in gateway.client.get("/batch-jobs", headers=key).json()["items"]]


def test_an_idempotency_key_is_its_owner_s(guarded: Gateway, keys: dict[str, Header], body: dict[str, str]) -> None:
    sent = {"Idempotency-Key": uuid4().hex}
    jobs = {
        name: guarded.client.post("/batch-jobs", json=body, headers={**keys[name], **sent})
        for name in ("a", "a too", "b")
    }
    assert {answer.status_code for answer in jobs.values()} == {202}
    ids = {name: answer.json()["id"] for name, answer in jobs.items()}
    assert ids["a"] == ids["a too"] != ids["b"]


def test_a_job_is_there_for_its_owner_and_for_admin_alone(
    guarded: Gateway, keys: dict[str, Header], body: dict[str, str]
) -> None:
    id_ = guarded.client.post("/batch-jobs", json=body, headers=keys["a"]).json()["id"]
    for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/result")):
        hidden = guarded.client.request(method, f"/batch-jobs/{id_}{path}", headers=keys["b"])
        unknown = guarded.client.request(method, f"/batch-jobs/{uuid4()}{path}", headers=keys["b"])
        assert hidden.status_code == unknown.status_code == 404
    assert id_ not in listed(guarded, keys["b"])
    for name in ("a", "a too", "admin"):
        assert id_ in listed(guarded, keys[name])
        assert guarded.client.get(f"/batch-jobs/{id_}", headers=keys[name]).json()["status"] == "queued"
    cancelled = guarded.client.post(f"/batch-jobs/{id_}/cancel", headers=keys["a too"])
    assert cancelled.json()["status"] == "cancelled"


def test_a_job_of_before_owners_is_seen_by_admin_alone(
    guarded: Gateway, keys: dict[str, Header], body: dict[str, str], migrated_postgres_url: str
) -> None:
    id_ = guarded.client.post("/batch-jobs", json=body, headers=keys["a"]).json()["id"]
    engine = create_engine(migrated_postgres_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE batch_jobs SET owner = DEFAULT WHERE id = :id"), {"id": id_})
    engine.dispose()
    seen = {name: guarded.client.get(f"/batch-jobs/{id_}", headers=key).status_code for name, key in keys.items()}
    assert seen == {"a": 404, "a too": 404, "b": 404, "admin": 200}


def test_the_keys_of_an_owner_share_one_rate(guarded: Gateway, keys: dict[str, Header]) -> None:
    for _ in range(35):
        last = guarded.client.post("/delivery_time", json=ORDER, headers=keys["a too"])
    assert last.status_code == 429
    assert guarded.client.get("/batch-jobs", headers=keys["a"]).status_code == 429
    assert guarded.client.post("/delivery_time", json=ORDER, headers=keys["b"]).status_code == 200


def test_the_owner_is_listed_and_is_the_name_if_none_is_given(
    keys: dict[str, Header], gateway_env: dict[str, str]
) -> None:
    assert keys
    lines = [line.split() for line in gateway_command(gateway_env, "keys", "list").stdout.splitlines()]
    owners = {name: owner for _, name, owner, *_ in lines}
    assert all(owner == name for name, owner in owners.items() if name.startswith(("b-", "admin-")))
    assert any(owner.startswith("shop-a-") for name, owner in owners.items() if name.startswith("a-too-"))
