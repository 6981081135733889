"""One client at full force, with a key or without one: the others go on."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from common.model.bundle import Bundle
from gateway.access.keys import new_key
from gateway.http import connections, protocol
from support.example import ORDER
from support.stand_ins.gateway import LOOPBACK, InProcess, gateway_in_process
from support.waiting import wait_until

GOOD, GOOD_TEXT = new_key("good", "good", ["predict", "jobs"])
BAD, BAD_TEXT = new_key("bad", "bad", ["predict", "jobs", "actuals"])
BODY = json.dumps(ORDER).encode()


def get(path: str, key: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


def post(path: str, key: str, length: int) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    )
    return f"{head}Content-Length: {length}\r\n\r\n".encode()


@pytest.fixture
def gateway(sample_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcess]:
    """A gateway with two keys, whose patience is shorter than it is."""
    monkeypatch.setattr(protocol, "TAKING_SECONDS", 1.0)
    with gateway_in_process(sample_bundle, [GOOD, BAD]) as running:
        yield running


@contextmanager
def hostile(gateway: InProcess, number: int, sent: bytes, receives: int = 0) -> Iterator[list[socket.socket]]:
    """Connections that have sent this and read nothing. receives: bytes of the buffer for answers."""
    with ExitStack() as stack:
        made = []
        for _ in range(number):
            connection = stack.enter_context(socket.socket())
            if receives:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
            connection.settimeout(5)
            connection.connect((LOOPBACK, gateway.port))
            connection.sendall(sent)
            made.append(connection)
        yield made


def status(gateway: InProcess) -> int:
    """What a good client gets."""
    return gateway.client.post(
        "/delivery_time", json=ORDER, headers={"Authorization": f"Bearer {GOOD_TEXT}"}
    ).status_code


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/docs", "/openapi.json", "/nothing", "/model"])
def test_who_has_no_key_and_reads_no_answer_keeps_nobody_out(gateway: InProcess, path: str) -> None:
    with hostile(gateway, 270, get(path) * 200, receives=2_048):
        assert [status(gateway) for _ in range(5)] == [200] * 5


def test_open_routes_are_slowed_down_before_they_take_the_processor(gateway: InProcess) -> None:
    with hostile(gateway, 50, get("/openapi.json")) as connections:
        ended = time.monotonic() + 2
        answered = 0
        for connection in connections:
            connection.settimeout(0.001)
        while time.monotonic() < ended:
            for connection in connections:
                try:
                    while connection.recv(100_000).endswith(b"}"):
                        answered += 1
                        connection.sendall(get("/openapi.json"))
                except TimeoutError:
                    pass
    assert answered < 150


def test_health_is_answered_whoever_asks_beside_it(gateway: InProcess) -> None:
    with hostile(gateway, 300, get("/docs/assets/swagger-ui-bundle.js"), receives=2_048):
        assert gateway.client.get("/livez").status_code == 200
        assert gateway.client.get("/readyz").status_code == 200


def test_answers_that_nobody_reads_are_thrown_away(gateway: InProcess) -> None:
    with hostile(gateway, 60, get("/docs/assets/swagger-ui-bundle.js"), receives=2_048):
        assert status(gateway) == 200
        wait_until(lambda: gateway.connections <= 1, 8)
    assert gateway.client.get("/docs").status_code == 200


def test_a_request_sent_ahead_of_an_answer_closes_the_connection_after_it(gateway: InProcess) -> None:
    with hostile(gateway, 1, get("/model", GOOD_TEXT) * 200) as (connection,):
        connection.settimeout(5)
        received = b""
        while part := connection.recv(100_000):
            received += part
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in received


def test_long_polls_have_places_of_their_own_and_ask_together(gateway: InProcess) -> None:
    poll = get(f"/batch-jobs/{uuid4()}?wait=30", BAD_TEXT)
    with hostile(gateway, 100, poll) as connections:
        wait_until(lambda: gateway.jobs.asked >= 32)
        assert status(gateway) == 200
        refused = sum(b" 429 " in connection.recv(1_000) for connection in connections[-60:])
        assert refused == 60
        before = gateway.jobs.asked
        time.sleep(1.2)
        assert gateway.jobs.asked - before <= 4
        mine = {"Authorization": f"Bearer {GOOD_TEXT}"}
        assert gateway.client.get(f"/batch-jobs/{uuid4()}?wait=0.1", headers=mine).status_code == 200


def test_a_poll_ends_when_its_client_has_gone(gateway: InProcess) -> None:
    for _ in range(3):
        with hostile(gateway, 32, get(f"/batch-jobs/{uuid4()}?wait=30", BAD_TEXT)):
            time.sleep(0.3)
        time.sleep(0.8)
    mine = {"Authorization": f"Bearer {BAD_TEXT}"}
    assert gateway.client.get(f"/batch-jobs/{uuid4()}?wait=0.1", headers=mine).status_code == 200


def test_slow_senders_take_no_more_than_their_share(gateway: InProcess) -> None:
    with hostile(gateway, 300, post("/delivery_time", BAD_TEXT, 100) + b"{"):
        assert [status(gateway) for _ in range(5)] == [200] * 5


def test_long_bodies_that_never_end_fill_no_memory(gateway: InProcess) -> None:
    before = _resident_mb()
    with hostile(gateway, 40, post("/actuals", BAD_TEXT, 32 * 2**20 - 1)) as connections:
        for connection in connections:
            connection.settimeout(1)
            with suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
                connection.sendall(b" " * (32 * 2**20 - 2))
        assert status(gateway) == 200
        assert _resident_mb() - before < 100


@pytest.mark.parametrize(("path", "name", "mib"), [("/actuals", "actuals", 15), ("/delivery_times", "orders", 7)])
@pytest.mark.parametrize("value", ['{"a":1}', "[]", "0"])
def test_long_bodies_of_many_small_values_fill_no_memory(
    gateway: InProcess, path: str, name: str, mib: int, value: str
) -> None:
    bad = {"Authorization": f"Bearer {BAD_TEXT}", "Content-Type": "application/json"}
    body = f'{{"{name}":[{",".join([value] * (mib * 2**20 // (len(value) + 1)))}]}}'.encode()
    assert status(gateway) == 200
    before = _resident_mb()
    refused = gateway.client.post(path, content=body, headers=bad)
    assert _resident_mb() - before < 100
    assert refused.status_code == 413
    assert "send fewer at once" in refused.json()["detail"]
    assert status(gateway) == 200


def _resident_mb() -> float:
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0]) / 1e3


def test_more_connections_than_there_may_be_cost_strangers_first(
    sample_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 50)
    with gateway_in_process(sample_bundle, [GOOD]) as gateway:
        assert status(gateway) == 200
        with hostile(gateway, 200, b""):
            assert status(gateway) == 200  # by the connection that it had
            with asking(gateway) as other:
                assert other.recv(100).startswith(b"HTTP/1.1 200 ")
            assert gateway.connections <= 50


@contextmanager
def asking(gateway: InProcess) -> Iterator[socket.socket]:
    with hostile(gateway, 1, post("/delivery_time", GOOD_TEXT, len(BODY)) + BODY) as (connection,):
        yield connection


def test_bodies_full_of_faults_are_paid_for(gateway: InProcess) -> None:
    bad = {"Authorization": f"Bearer {BAD_TEXT}", "Content-Type": "application/json"}
    body = "{" + ",".join(f'"{number:x}":1' for number in range(90_000)) + "}"
    answers = [gateway.client.post("/delivery_time", content=body, headers=bad).status_code for _ in range(3)]
    assert answers == [422, 429, 429]
    assert status(gateway) == 200


@pytest.mark.parametrize(
    ("host", "answered"),
    [("evil.example", 421), ("evil.example:8090", 421), ("localhost:8090", 200), ("[::1]:8090", 200), ("gateway", 200)],
)
def test_a_page_whose_name_leads_here_cannot_use_a_gateway_without_keys(
    open_gateway: InProcess, host: str, answered: int
) -> None:
    forwarded = {"Host": host, "X-Forwarded-Host": "localhost"}
    assert open_gateway.client.post("/delivery_time", json=ORDER, headers=forwarded).status_code == answered


def test_pages_load_nothing_from_elsewhere(open_gateway: InProcess) -> None:
    policy = open_gateway.client.get("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "https:" not in policy


@pytest.fixture(scope="module")
def open_gateway(sample_bundle: Bundle) -> Iterator[InProcess]:
    """A gateway that asks for no keys."""
    with gateway_in_process(sample_bundle) as running:
        yield running
