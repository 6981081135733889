"""Keys, rates, sizes and queues on a real gateway."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from common.database.session import Database
from support.example import ORDER
from support.gateway_fixtures import Gateway, create_key, gateway_command, running_gateway
from support.waiting import wait_until

MANY = {"orders": [ORDER] * 1_000}


@pytest.fixture(scope="module")
def keys(gateway_env: dict[str, str]) -> dict[str, dict[str, str]]:
    """Keys made before the gateway starts, each for one test; the name is the owner's too."""
    scopes = {"predictor": "predict", "batcher": "jobs", "leaver": "admin", "secretive": "predict", "hasty": "predict"}
    return {name: create_key(gateway_env, name, scope) for name, scope in scopes.items()}


@pytest.fixture(scope="module")
def guarded(
    keys: dict[str, dict[str, str]], gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway that asks for keys, with small limits."""
    environment = {**gateway_env, "GATEWAY_KEYS": "required", "GATEWAY_RATE": "1", "GATEWAY_BURST": "5"}
    with running_gateway(environment, tmp_path_factory.mktemp("guarded")) as running:
        running.wait_ready()
        yield running


def test_a_key_opens_its_scope_and_nothing_else(guarded: Gateway, keys: dict[str, dict[str, str]]) -> None:
    assert guarded.client.post("/delivery_time", json=ORDER, headers=keys["predictor"]).status_code == 200
    assert guarded.client.get("/batch-jobs", headers=keys["batcher"]).status_code == 200
    refused = guarded.client.get("/batch-jobs", headers=keys["predictor"])
    assert (refused.status_code, refused.json()["detail"]) == (403, "key 'predictor' lacks the scope 'jobs'")


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer dt_wrong"}, {"Authorization": "Basic eDp5"}])
def test_without_a_valid_key_nothing_but_health_is_open(guarded: Gateway, sent: dict[str, str]) -> None:
    answer = guarded.client.post("/delivery_time", json=ORDER, headers=sent)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert guarded.client.get("/nothing", headers=sent).status_code == 401
    assert guarded.client.get("/livez").status_code == 200
    assert guarded.client.get("/readyz").status_code == 200


def test_keys_work_and_stop_working_within_seconds(
    guarded: Gateway, keys: dict[str, dict[str, str]], gateway_env: dict[str, str]
) -> None:
    key = keys["leaver"]
    assert guarded.client.get("/model", headers=key).status_code == 200
    comer = create_key(gateway_env, "comer")
    assert gateway_command(gateway_env, "keys", "revoke", "leaver").returncode == 0
    wait_until(lambda: guarded.client.get("/model", headers=key).status_code == 401, 10)
    assert guarded.client.get("/model", headers=comer).status_code == 200
    again = gateway_command(gateway_env, "keys", "revoke", "leaver")
    assert again.returncode != 0
    assert "no valid key named 'leaver'" in again.stderr
    taken = gateway_command(gateway_env, "keys", "create", "leaver")
    assert "choose another name" in taken.stderr


def test_the_text_of_a_key_is_kept_nowhere(
    guarded: Gateway, keys: dict[str, dict[str, str]], gateway_env: dict[str, str], database: Database
) -> None:
    key = keys["secretive"]["Authorization"].removeprefix("Bearer ")
    guarded.client.post("/delivery_time", content=key, headers={"Authorization": f"Bearer {key}"})
    listed = gateway_command(gateway_env, "keys", "list").stdout
    with database.transaction() as session:
        stored = str(session.execute(text("SELECT * FROM api_keys")).all())
    assert "secretive" in listed
    assert "secretive" in stored
    _, _, secret = key.split("_", 2)  # which may hold more of them
    assert all(secret not in text for text in (listed, stored, guarded.log()))


def test_a_key_that_asks_too_fast_is_told_when_to_come_back(guarded: Gateway, keys: dict[str, dict[str, str]]) -> None:
    answers = [guarded.client.get("/model", headers=keys["hasty"]) for _ in range(8)]
    assert [answer.status_code for answer in answers[-2:]] == [429, 429]
    assert answers[-1].headers["retry-after"] == "1"


def test_outside_local_mode_keys_cannot_be_switched_off(gateway_env: dict[str, str]) -> None:
    ended = gateway_command({**gateway_env, "MODE": "production", "GATEWAY_KEYS": "off"}, "serve")
    assert ended.returncode != 0
    assert (
        ended.stderr.strip().splitlines()[-1].startswith("gateway: settings: GATEWAY_KEYS: off is for MODE=local only")
    )


@pytest.mark.parametrize("path", ["/delivery_time", "/batch-jobs"])
def test_a_body_over_the_limit_is_refused_announced_or_not(gateway: Gateway, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    announced = gateway.client.post(path, content=b" " * 1_100_000, headers=headers)
    chunked = gateway.client.post(path, content=(b" " * 10_000 for _ in range(110)), headers=headers)
    for answer in (announced, chunked):
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_more_requests_than_may_wait_are_sent_away_at_once(gateway_env: dict[str, str], tmp_path: Path) -> None:
    with (
        running_gateway({**gateway_env, "GATEWAY_MOST_WAITING": "1"}, tmp_path) as narrow,
        ThreadPoolExecutor(16) as pool,
    ):
        narrow.wait_ready()
        answers = list(pool.map(lambda _: narrow.client.post("/delivery_times", json=MANY), range(64)))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert {answer.status_code for answer in answers} == {200, 503}
        assert {answer.headers["retry-after"] for answer in refused} == {"5"}
        assert narrow.client.post("/delivery_time", json=ORDER).status_code == 200


def test_pages_of_other_origins_may_not_call_unless_named(
    gateway: Gateway, gateway_env: dict[str, str], tmp_path: Path
) -> None:
    origin = {"Origin": "https://shop.example"}
    assert "access-control-allow-origin" not in gateway.client.get("/livez", headers=origin).headers
    environment = {**gateway_env, "GATEWAY_CORS_ORIGINS": json.dumps([origin["Origin"]])}
    with running_gateway(environment, tmp_path) as open_to_shop:
        allowed = open_to_shop.client.get("/livez", headers=origin)
        assert allowed.headers["access-control-allow-origin"] == origin["Origin"]
