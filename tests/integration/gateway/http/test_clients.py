"""HTTP as browsers, load balancers and other languages speak it."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from support.example import ORDER
from support.gateway_fixtures import Gateway, running_gateway
from support.waiting import wait_until

ORIGIN = "https://shop.example"
JSON = {"Content-Type": "application/json"}
HEAD = b"POST /delivery_time HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def open_to_shop(gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that a shop's pages may call, and that closes idle connections after two seconds."""
    environment = {
        **gateway_env,
        "GATEWAY_CORS_ORIGINS": json.dumps([ORIGIN]),
        "GATEWAY_KEEP_ALIVE_SECONDS": "2",
        "GATEWAY_KEYS": "required",
    }
    with running_gateway(environment, tmp_path_factory.mktemp("clients")) as running:
        running.wait_ready()
        yield running


def connected(gateway: Gateway) -> socket.socket:
    address = urlsplit(gateway.url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=20)


def answer_on(connection: socket.socket) -> bytes:
    """A whole answer with a JSON object as its body; what there was of it if the connection ends."""
    answer = b""
    while not answer.endswith(b"}") and (received := connection.recv(10_000)):
        answer += received
    return answer


def alive(connection: socket.socket) -> bool:
    """Whether the gateway answers on this connection."""
    connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    return answer_on(connection).startswith(b"HTTP/1.1 200 ")


def test_a_page_s_preflight_is_answered_without_a_key(open_to_shop: Gateway) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,baggage,content-type,idempotency-key,sentry-trace,traceparent",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = open_to_shop.client.options("/batch-jobs", headers=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert all(name in allowed for name in asked["Access-Control-Request-Headers"].split(","))
    assert answer.headers["access-control-allow-private-network"] == "true"


def test_a_page_may_read_where_its_job_is_and_when_to_come_back(open_to_shop: Gateway) -> None:
    refused = open_to_shop.client.get("/batch-jobs", headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    exposed = refused.headers["access-control-expose-headers"].lower()
    assert all(name in exposed for name in ("link", "location", "retry-after", "x-request-id"))


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/model", "/docs", "/openapi.json", "/batch-jobs"])
def test_head_gets_the_status_and_headers_of_get_and_no_body(gateway: Gateway, path: str) -> None:
    head, get = gateway.client.head(path), gateway.client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    varying = ("x-request-id", "content-length", "date")
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in get.headers.items() if k not in varying
    }
    assert gateway.client.get("/livez").status_code == 200  # the connection is still in step


def test_head_of_a_route_without_get_names_what_there_is(gateway: Gateway) -> None:
    answer = gateway.client.head("/delivery_time")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_idle_connection_is_kept_as_long_as_the_setting_says(open_to_shop: Gateway) -> None:
    with connected(open_to_shop) as connection:
        assert alive(connection)
        time.sleep(1.5)
        assert alive(connection)
        started = time.monotonic()
        assert connection.recv(10_000) == b""
        assert 1 < time.monotonic() - started < 5


def test_who_dawdles_is_told_so_and_who_is_silent_is_cut_off_but_not_who_is_idle(gateway: Gateway) -> None:
    """Idle is a connection after an answer; uvicorn's own patience with it is five seconds."""
    with ExitStack() as stack:
        in_body, in_head, mute, idle = (stack.enter_context(connected(gateway)) for _ in range(4))
        assert alive(idle)
        started = time.monotonic()
        in_body.sendall(HEAD + b"Content-Length: 10\r\n\r\n{")
        in_head.sendall(HEAD)
        for dawdling in (in_body, in_head):
            answer = dawdling.recv(10_000)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["title"] == "Request timeout"
            assert dawdling.recv(100) == b""
        assert mute.recv(100) == b""
        assert 5 < time.monotonic() - started < 15
        assert alive(idle)
    counted = 'gateway_requests_total{route="/delivery_time",status="408"}'
    wait_until(lambda: counted in gateway.client.get("/metrics").text)


def without_header(body: bytes) -> bytes:
    """Deflated as many send it, where the standard has zlib's header."""
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return raw.compress(body) + raw.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP, identity", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:]) + bytes(3)),
        ("deflate", zlib.compress),
        ("deflate", without_header),
        ("identity", bytes),
    ],
)
def test_a_compressed_body_is_taken(gateway: Gateway, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(json.dumps(ORDER).encode())
    plain = gateway.client.post("/delivery_time", json={**ORDER})
    answer = gateway.client.post("/delivery_time", content=body, headers={**JSON, "Content-Encoding": encoding})
    chunked = gateway.client.post(
        "/delivery_time",
        content=(body[at : at + 7] for at in range(0, len(body), 7)),
        headers={**JSON, "Content-Encoding": encoding},
    )
    assert answer.json() == chunked.json() == plain.json()


def test_a_compressed_job_is_taken_too(gateway: Gateway) -> None:
    body = gzip.compress(json.dumps({"input_uri": "s3://elsewhere/orders.csv"}).encode())
    answer = gateway.client.post("/batch-jobs", content=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["title"]) == (403, "Bucket not allowed")


def test_the_second_member_of_a_bomb_counts_too(gateway: Gateway) -> None:
    body = gzip.compress(b" ") + gzip.compress(b" " * 50_000_000)
    answer = gateway.client.post("/delivery_time", content=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/delivery_time", "/batch-jobs"])
@pytest.mark.parametrize(
    ("encoding", "body", "status", "said"),
    [
        ("gzip", gzip.compress(b" " * 50_000_000), 413, "inflates to more than"),
        ("gzip", b"{}", 400, "is not gzip"),
        ("gzip", gzip.compress(b"{}" * 1_000)[:-10], 400, "ends before"),
        ("br", b"{}", 415, "'br'"),
    ],
    ids=["a bomb", "no gzip", "cut off", "unknown"],
)
def test_a_compressed_body_that_cannot_be_taken_is_refused_by_name(
    gateway: Gateway, path: str, encoding: str, body: bytes, status: int, said: str
) -> None:
    answer = gateway.client.post(path, content=body, headers={**JSON, "Content-Encoding": encoding})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


def test_a_byte_order_mark_is_passed_over_or_its_encoding_named(gateway: Gateway) -> None:
    text = json.dumps(ORDER)
    marked = gateway.client.post("/delivery_time", content=text.encode("utf-8-sig"), headers=JSON)
    assert marked.status_code == 200
    wide = gateway.client.post("/delivery_time", content=text.encode("utf-16"), headers=JSON)
    assert wide.status_code == 400
    assert "UTF-16 text, send UTF-8" in wide.json()["detail"]


def test_the_documentation_needs_no_internet(gateway: Gateway) -> None:
    start = gateway.client.get("/")
    assert (start.status_code, start.headers["location"]) == (307, "/docs")
    page = gateway.client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for asset in ("/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css"):
        assert asset in page
        assert len(gateway.client.get(asset).content) > 100_000


def test_the_documentation_needs_no_key(open_to_shop: Gateway) -> None:
    for path in ("/docs", "/docs/assets/swagger-ui.css", "/openapi.json"):
        assert httpx.get(open_to_shop.url + path).status_code == 200
    assert httpx.get(f"{open_to_shop.url}/docsx").status_code == 401


def test_forwarded_headers_count_from_trusted_proxies_only(
    gateway: Gateway, gateway_env: dict[str, str], tmp_path: Path
) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example", "X-Forwarded-Prefix": "/eta"}
    with running_gateway({**gateway_env, "GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8"}, tmp_path) as wary:
        trusted, not_trusted = (
            running.client.get("/docs/", headers=forwarded, follow_redirects=False).headers["location"]
            for running in (gateway, wary)
        )
    assert trusted == "https://shop.example/eta/docs"
    assert not_trusted == f"{wary.url}/docs"


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("cut", [0, 1, 40, None])
def test_a_client_that_offers_http_2_is_answered_in_http_1(gateway: Gateway, framing: str, cut: int | None) -> None:
    """As Java's does with its first request on a connection. cut: where the body is, so many bytes on, in two parts."""
    body = json.dumps(ORDER).encode()
    length = b"Content-Length: %d\r\n" % len(body)
    text = body if framing == "length" else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    head = HEAD + UPGRADE + (length if framing == "length" else b"Transfer-Encoding: chunked\r\n") + b"\r\n"
    at = len(head + text) if cut is None else len(head) + cut
    with connected(gateway) as connection:
        for request in (head + text, HEAD + length + b"\r\n" + body):  # the connection goes on
            for part in (request[:at], request[at:]):
                connection.sendall(part)
                time.sleep(0.02)
            answer = answer_on(connection)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["seller_zip_code_prefix"] == 9350
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"\r\n")
        assert answer_on(connection).startswith(b"HTTP/1.1 200 ")
        assert alive(connection)


def test_a_request_sent_ahead_behind_an_upgrade_is_answered_by_closing(gateway: Gateway) -> None:
    body = json.dumps(ORDER).encode()
    request = HEAD + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with connected(gateway) as connection:
        connection.sendall(request * 2)
        answers = b""
        while received := connection.recv(10_000):
            answers += received
    assert answers.count(b"HTTP/1.1 200 ") == 1


def test_a_text_with_a_nul_is_refused_as_the_log_could_not_keep_it(gateway: Gateway) -> None:
    for order in ({"origin_id": "a\0b"}, {"origin_region": "\0"}, {"origin_postal_code": "1\0"}):
        answer = gateway.client.post("/delivery_time", json={"destination_lat": 1.5, "destination_lng": 2.5, **order})
        assert answer.status_code == 422, answer.text


def test_a_moment_that_is_a_number_is_told_what_it_must_be(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_time", json={**ORDER, "purchase_timestamp": 1518688800})
    assert answer.json()["detail"] == ("purchase_timestamp must be an ISO 8601 time from 2000 to 2099 (got 1518688800)")
