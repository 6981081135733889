"""What one shop's keys set off is nobody else's business."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from common.database.session import Database
from common.servers.objects import ObjectStore
from support.example import CSV, ORDER
from support.gateway_fixtures import Gateway, create_key, gateway_command, running_gateway
from support.stack_fixtures import placed

Header = dict[str, str]


@pytest.fixture(scope="module")
def keys(gateway_env: dict[str, str]) -> dict[str, Header]:
    """Keys made before the gateway starts: two of shops A and C each, one of shop B, one of an administrator."""
    run = uuid4().hex
    return {
        "a": create_key(gateway_env, f"a-{run}", "jobs", owner=f"shop-a-{run}"),
        "a too": create_key(gateway_env, f"a-too-{run}", "jobs", "predict", owner=f"shop-a-{run}"),
        "b": create_key(gateway_env, f"b-{run}", "jobs", "predict"),
        "c": create_key(gateway_env, f"c-{run}", "jobs", owner=f"shop-c-{run}"),
        "c too": create_key(gateway_env, f"c-too-{run}", "predict", owner=f"shop-c-{run}"),
        "admin": create_key(gateway_env, f"admin-{run}", "admin"),
    }


@pytest.fixture(scope="module")
def guarded(
    keys: dict[str, Header], gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    environment = {**gateway_env, "GATEWAY_KEYS": "required", "GATEWAY_RATE": "1", "GATEWAY_BURST": "30"}
    with running_gateway(environment, tmp_path_factory.mktemp("owners")) as running:
        running.wait_ready()
        yield running


@pytest.fixture
def body(store: ObjectStore) -> dict[str, str]:
    return {"input_uri": placed(store, f"owners/{uuid4()}/orders.csv", CSV)}


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
    guarded: Gateway, keys: dict[str, Header], body: dict[str, str], database: Database
) -> None:
    id_ = guarded.client.post("/batch-jobs", json=body, headers=keys["a"]).json()["id"]
    with database.transaction() as session:
        session.execute(text("UPDATE batch_jobs SET owner = DEFAULT WHERE id = :id"), {"id": id_})
    seen = {name: guarded.client.get(f"/batch-jobs/{id_}", headers=key).status_code for name, key in keys.items()}
    assert seen == dict.fromkeys(keys, 404) | {"c too": 403, "admin": 200}


def test_the_keys_of_an_owner_share_one_rate(guarded: Gateway, keys: dict[str, Header]) -> None:
    for _ in range(35):
        last = guarded.client.post("/delivery_time", json=ORDER, headers=keys["c too"])
    assert last.status_code == 429
    assert guarded.client.get("/batch-jobs", headers=keys["c"]).status_code == 429
    assert guarded.client.post("/delivery_time", json=ORDER, headers=keys["b"]).status_code == 200


def test_the_owner_is_listed_and_is_the_name_if_none_is_given(
    keys: dict[str, Header], gateway_env: dict[str, str]
) -> None:
    lines = [line.split() for line in gateway_command(gateway_env, "keys", "list").stdout.splitlines()]
    owners = {name: owner for _, name, owner, *_ in lines}
    assert all(owner == name for name, owner in owners.items() if name.startswith(("b-", "admin-")))
    assert any(owner.startswith("shop-a-") for name, owner in owners.items() if name.startswith("a-too-"))
