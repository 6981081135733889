"""The image with the champion inside serves with nothing else running."""

import os
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from devstack.servers.ports import pick_free
from support.example import ORDER
from support.waiting import wait_until

HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


@pytest.fixture(scope="module")
def gateway() -> Iterator[httpx.Client]:
    port = pick_free()
    publish = ("--publish", f"127.0.0.1:{port}:8090")
    container = docker("run", "--detach", "--rm", *publish, *HARDENED, os.environ["CHAMPION_IMAGE"])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            wait_until(lambda: ready(client), 60, what="the image to serve")
            yield client
    finally:
        docker("stop", "--time", "10", container)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def test_the_sample_gets_whole_days_with_an_interval_around_them(gateway: httpx.Client) -> None:
    answer = gateway.post("/delivery_time", json=ORDER)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert {name: body[name] for name in ORDER} == ORDER
    assert body["delivery_time"] == round(body["delivery_time_days"])
    assert 0 <= body["lower_days"] <= body["delivery_time_days"] <= body["upper_days"]
    assert body["model_version"] == gateway.get("/model").json()["version"]


def test_a_bad_order_is_refused_with_its_reason(gateway: httpx.Client) -> None:
    answer = gateway.post("/delivery_time", json=ORDER | {"customer_lat": 123.4})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "customer_lat" in answer.text


def test_a_batch_job_is_refused_and_not_lost_in_silence(gateway: httpx.Client) -> None:
    answer = gateway.post("/batch-jobs", json={"input_uri": "s3://delivery-time/orders.csv"})
    assert answer.status_code == 503, answer.text
