"""Several worker processes behave as one gateway."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from support.example import ORDER
from support.gateway_fixtures import Gateway, create_key, running_gateway
from support.waiting import wait_until

BURST = 100
BODY = {"orders": [ORDER]}
PREDICTED = re.compile(r'gateway_requests_total\{route="/delivery_time",status="200"\} (\d+)')


@dataclass(frozen=True)
class Two:
    """A gateway of two workers that serve, and the keys of two owners that it knows."""

    gateway: Gateway
    keys: list[dict[str, str]]

    def metrics(self) -> str:
        """As any of the workers tells them."""
        return httpx.get(f"{self.gateway.url}/metrics").text

    def both_serve(self) -> bool:
        return 'gateway_workers_serving{version="1"} 2.0' in self.metrics()


@pytest.fixture(scope="module")
def two(gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder, scratch = tmp_path_factory.mktemp("two"), tmp_path_factory.mktemp("scratch")
    keys = [create_key(gateway_env, f"{name}-{folder.name}") for name in ("counted", "hasty")]
    limits = {"GATEWAY_KEYS": "required", "GATEWAY_RATE": "1", "GATEWAY_BURST": str(BURST), "TMPDIR": str(scratch)}
    with running_gateway({**gateway_env, **limits}, folder, "--workers", "2") as gateway:
        running = Two(gateway, keys)
        wait_until(running.both_serve)
        yield running
        gateway.stop()
    assert list(scratch.iterdir()) == [], "files are left behind"


def test_any_worker_tells_the_metrics_of_all(two: Two) -> None:
    def ask(_: int) -> int:
        return httpx.post(f"{two.gateway.url}/delivery_time", json=ORDER, headers=two.keys[0]).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(80))) == {200}
    for _ in range(10):
        (counted,) = PREDICTED.findall(two.metrics())
        assert counted == "80"


def test_a_key_has_one_rate_at_all_workers_together(two: Two) -> None:
    def ask(_: int) -> int:
        return httpx.post(f"{two.gateway.url}/delivery_times", json=BODY, headers=two.keys[1]).status_code

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(2 * BURST)))
    seconds = time.monotonic() - started
    assert set(statuses) == {200, 429}
    assert statuses.count(200) <= BURST + seconds


def test_a_worker_that_dies_is_replaced(two: Two) -> None:
    pid = two.gateway.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    workers = [pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(int(workers[0]), signal.SIGKILL)
    wait_until(lambda: not two.both_serve())
    wait_until(two.both_serve)


def test_a_single_one_says_how_long_answers_take_and_what_they_are_and_leaves_no_file(
    gateway_env: dict[str, str], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with running_gateway({**gateway_env, "TMPDIR": str(scratch)}, tmp_path) as gateway:
        gateway.wait_ready()
        gateway.client.post("/delivery_times", json={"orders": [ORDER] * 7})
        gateway.client.get("/batch-jobs/7")
        gateway.client.get("/nothing/7")
        text = gateway.client.get("/metrics").text
        gateway.stop()
    assert list(scratch.iterdir()) == []
    assert 'gateway_request_seconds_count{route="/delivery_times"} 1.0' in text
    assert "gateway_predicted_days_count 7.0" in text
    assert 'gateway_requests_total{route="/batch-jobs/{job_id}",status="422"} 1.0' in text
    assert 'gateway_requests_total{route="unmatched",status="404"} 1.0' in text


def test_after_sigterm_a_request_in_flight_is_answered(gateway_env: dict[str, str], tmp_path: Path) -> None:
    body = json.dumps(ORDER).encode()
    head = "POST /delivery_time HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    announced = f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
    with running_gateway(gateway_env, tmp_path) as gateway:
        gateway.wait_ready()
        address = urlsplit(gateway.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as connection:
            connection.sendall(announced + body[:10])
            time.sleep(0.5)
            started = time.monotonic()
            gateway.process.terminate()
            time.sleep(0.5)
            connection.sendall(body[10:])
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200")
        gateway.process.wait(timeout=10)
        assert time.monotonic() - started < 10
