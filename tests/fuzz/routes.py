"""Made-up requests to every route, with the keys of two owners: no answer is a failure of ours, none gives away a job.

Not part of `make test` (see `make fuzz`). FUZZ_EXAMPLES are shared out among routes, keys and modes.
"""

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from common.servers.objects import ObjectStore
from support.example import CSV
from support.fuzzing import EXAMPLES, made_up
from support.gateway_fixtures import Gateway, create_key, running_gateway, wait_until
from support.stack_fixtures import placed

CHECKED_ELSEWHERE = [positive_data_acceptance, negative_data_rejection]
"""What must be taken and what refused: here a real job or file takes the place of a made-up one now and then."""

OWNERS = ("shop-a", "shop-b")
Header = dict[str, str]


@cache
def api(url: str) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.fixture(scope="session")
def guarded(gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    unlimited = {"GATEWAY_KEYS": "required", "GATEWAY_RATE": "1e6", "GATEWAY_BURST": "1e6"}
    with running_gateway({**gateway_env, **unlimited}, tmp_path_factory.mktemp("fuzzed")) as running:
        running.wait_ready()
        yield running


@pytest.fixture(scope="session")
def keys(guarded: Gateway, gateway_env: dict[str, str]) -> dict[str, Header]:
    made = {owner: create_key(gateway_env, owner, "jobs", "predict", "actuals") for owner in OWNERS}
    wait_until(lambda: guarded.client.get("/batch-jobs", headers=made[OWNERS[-1]]).status_code == 200, 10)
    return made


@pytest.fixture(scope="session")
def input_uri(store: ObjectStore) -> str:
    """A file that can be scored, so that some jobs are real."""
    return placed(store, "fuzz.csv", CSV)


@pytest.fixture(scope="session")
def jobs(guarded: Gateway, keys: dict[str, Header], input_uri: str) -> dict[str, list[str]]:
    """The ids of jobs of each owner."""
    return {
        owner: [guarded.client.post("/batch-jobs", json={"input_uri": input_uri}, headers=key).json()["id"]]
        for owner, key in keys.items()
    }


def operations() -> list[tuple[str, str]]:
    """Every operation of the contract; a gateway's own document is checked against it by the integration tests."""
    return [
        ("POST", "/delivery_time"),
        ("POST", "/delivery_times"),
        ("POST", "/actuals"),
        ("POST", "/batch-jobs"),
        ("GET", "/batch-jobs"),
        ("GET", "/batch-jobs/{job_id}"),
        ("POST", "/batch-jobs/{job_id}/cancel"),
        ("GET", "/batch-jobs/{job_id}/result"),
        ("GET", "/batch-jobs/{job_id}/files"),
        ("GET", "/orders"),
        ("GET", "/orders/{order_id}"),
        ("DELETE", "/orders/{order_id}"),
        ("GET", "/model"),
    ]


@pytest.mark.timeout(0)
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), operations())
def test_no_request_makes_the_gateway_fail(
    guarded: Gateway,
    keys: dict[str, Header],
    jobs: dict[str, list[str]],
    input_uri: str,
    method: str,
    path: str,
    mode: GenerationMode,
    owner: str,
) -> None:
    operation = api(guarded.url)[path][method]
    chance = random.Random(0)

    def real(case: schemathesis.Case) -> schemathesis.Case:
        """The case, now and then with a job or a file that is there."""
        if "job_id" in (case.path_parameters or {}) and chance.random() < 0.5:
            case.path_parameters["job_id"] = chance.choice([id_ for ids in jobs.values() for id_ in ids])
            case.query = {}  # it may say to wait for the job's end
        body: Any = case.body
        if path == "/batch-jobs" and isinstance(body, dict) and "input_uri" in body and chance.random() < 0.5:
            body["input_uri"] = input_uri
        return case

    @made_up(1 + EXAMPLES // (len(operations()) * len(GenerationMode) * len(OWNERS)))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        real(case).call_and_validate(headers=keys[owner], excluded_checks=CHECKED_ELSEWHERE)

    check()


def test_every_operation_is_tried(guarded: Gateway) -> None:
    health = ("/livez", "/readyz", "/metrics")
    paths = guarded.client.get("/openapi.json").json()["paths"]
    told = {(method.upper(), path) for path, methods in paths.items() for method in methods if path not in health}
    assert told == set(operations())


def test_afterwards_nobody_sees_another_s_jobs(
    guarded: Gateway, keys: dict[str, Header], jobs: dict[str, list[str]]
) -> None:
    seen = {owner: set(listed(guarded, key)) for owner, key in keys.items()}
    assert all(set(jobs[owner]) <= seen[owner] for owner in OWNERS)
    assert not set.intersection(*seen.values())
    assert "Traceback" not in guarded.log()


def listed(gateway: Gateway, key: Header) -> Iterator[str]:
    cursor: str | None = None
    while True:
        query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
        page = gateway.client.get("/batch-jobs", params=query, headers=key).json()
        yield from (job["id"] for job in page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return
