"""Several worker processes behave as one gateway."""

import json
import os
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from support.example import ORDER
from support.gateway_fixtures import create_key, running_gateway
from support.waiting import wait_until

PREDICTED = re.compile(r'gateway_requests_total\{route="/delivery_time",status="200"\} (\d+)')


def test_any_worker_tells_the_metrics_of_all(gateway_env: dict[str, str], tmp_path: Path) -> None:
    with running_gateway(gateway_env, tmp_path, "--workers", "2") as gateway:
        wait_until(lambda: 'gateway_workers_serving{version="1"} 2.0' in gateway.client.get("/metrics").text)
        with ThreadPoolExecutor(8) as pool:
            statuses = set(
                pool.map(lambda _: httpx.post(f"{gateway.url}/delivery_time", json=ORDER).status_code, range(80))
            )
        assert statuses == {200}
        for _ in range(10):
            (counted,) = PREDICTED.findall(httpx.get(f"{gateway.url}/metrics").text)
            assert counted == "80"


def test_metrics_say_how_long_answers_take_and_what_they_are(gateway_env: dict[str, str], tmp_path: Path) -> None:
    with running_gateway(gateway_env, tmp_path) as gateway:
        gateway.wait_ready()
        gateway.client.post("/delivery_times", json={"orders": [ORDER] * 7})
        gateway.client.get("/batch-jobs/7")
        gateway.client.get("/nothing/7")
        text = gateway.client.get("/metrics").text
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


def test_a_key_has_one_rate_at_all_workers_together(gateway_env: dict[str, str], tmp_path: Path) -> None:
    limits = {"GATEWAY_KEYS": "required", "GATEWAY_RATE": "1", "GATEWAY_BURST": "40"}
    key = create_key(gateway_env, f"shared-{tmp_path.name}")
    with running_gateway({**gateway_env, **limits}, tmp_path, "--workers", "2") as gateway:
        wait_until(lambda: 'gateway_workers_serving{version="1"} 2.0' in httpx.get(f"{gateway.url}/metrics").text)
        statuses: list[int] = []

        def ask(_: int) -> None:
            statuses.append(httpx.post(f"{gateway.url}/delivery_time", json=ORDER, headers=key).status_code)

        started = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(200)))
        seconds = time.monotonic() - started
    assert 429 in statuses
    assert statuses.count(200) <= 40 + seconds


def test_a_worker_that_dies_is_replaced(gateway_env: dict[str, str], tmp_path: Path) -> None:
    with running_gateway(gateway_env, tmp_path, "--workers", "2") as gateway:
        serving = 'gateway_workers_serving{version="1"} 2.0'
        wait_until(lambda: serving in httpx.get(f"{gateway.url}/metrics").text)
        children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text().split()
        workers = [pid for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
        os.kill(int(workers[0]), signal.SIGKILL)
        wait_until(lambda: serving not in httpx.get(f"{gateway.url}/metrics").text)
        wait_until(lambda: serving in httpx.get(f"{gateway.url}/metrics").text)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_leaves_no_file_behind(gateway_env: dict[str, str], tmp_path: Path, workers: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with running_gateway({**gateway_env, "TMPDIR": str(scratch)}, tmp_path, "--workers", workers) as gateway:
        gateway.wait_ready()
        gateway.stop()
    assert list(scratch.iterdir()) == []
