"""Clients that mean harm, or have a bug, cost little and nobody else."""

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

from support.gateway_fixtures import Gateway
from support.waiting import wait_until

HEAD = b"POST /delivery_time HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def connected(gateway: Gateway) -> socket.socket:
    address = urlsplit(gateway.url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20)


def resident_mb(gateway: Gateway) -> float:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1e3


def test_a_head_without_end_is_cut_off_before_it_fills_memory(gateway: Gateway) -> None:
    before, sent = resident_mb(gateway), 0
    with connected(gateway) as connection:
        connection.sendall(HEAD)
        try:
            while sent < 10_000_000:
                connection.sendall(b"a: b\r\n" * 10_000)
                sent += 60_000
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert sent < 10_000_000
    assert resident_mb(gateway) - before < 50
    assert gateway.client.get("/livez").status_code == 200


def test_a_head_that_is_a_little_too_long_is_told_so(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        for part in (HEAD, b"x: " + b"a" * 40_000, b"a" * 40_000):
            connection.sendall(part)
            time.sleep(0.1)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_many_requests_on_one_connection_do_not_add_up_to_a_long_head(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        for _ in range(5):
            for part in (b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"x: " + b"a" * 30_000, b"\r\n\r\n"):
                connection.sendall(part)
                time.sleep(0.1)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_who_hangs_up_in_mid_sentence_is_no_failure_of_ours(gateway: Gateway) -> None:
    with connected(gateway) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
        time.sleep(0.2)
    gone = 'gateway_requests_total{route="/delivery_time",status="499"}'
    wait_until(lambda: gone in gateway.client.get("/metrics").text)
    assert "ClientDisconnect" not in gateway.log()


def test_of_very_many_faults_a_hundred_are_told(gateway: Gateway) -> None:
    unknown = json.dumps({f"field-{number}": 1 for number in range(20_000)})
    answer = gateway.client.post("/delivery_time", content=unknown, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    assert "and 19999 more" in answer.json()["detail"]
