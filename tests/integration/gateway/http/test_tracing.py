"""Spans as a collector receives them, over a real socket."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from common.servers.objects import ObjectStore
from common.servers.queue import SCORING
from support.example import CSV, ORDER
from support.gateway_fixtures import NOWHERE, Gateway, running_gateway
from support.stack_fixtures import placed
from support.waiting import wait_until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "request-1"}


class Collector:
    """An OTLP receiver: the spans that came, and the service that sent them."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        collector = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)

    def take(self, sent: ExportTraceServiceRequest) -> None:
        for resource in sent.resource_spans:
            named = {part.key: part.value.string_value for part in resource.resource.attributes}
            self.services.add(named["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    serving = threading.Thread(target=made.server.serve_forever)
    serving.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    serving.join()


@pytest.fixture
def traced(collector: Collector, gateway_env: dict[str, str], tmp_path: Path) -> Iterator[Gateway]:
    endpoint = f"http://127.0.0.1:{collector.server.server_port}"
    with running_gateway({**gateway_env, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, tmp_path) as running:
        running.wait_ready()
        yield running


def attributes(span: Span) -> dict[str, Any]:
    return {part.key: getattr(part.value, str(part.value.WhichOneof("value"))) for part in span.attributes}


def test_a_request_is_a_span_of_the_caller_s_trace(collector: Collector, traced: Gateway) -> None:
    assert traced.client.post("/delivery_time", json=ORDER, headers=CALLER).status_code == 200
    traced.stop()
    (span,) = collector.spans
    assert collector.services == {"delivery-time-gateway"}
    assert (span.name, span.kind, span.status.code) == (
        "POST /delivery_time",
        Span.SPAN_KIND_SERVER,
        Status.STATUS_CODE_UNSET,
    )
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(span) == {
        "http.request.method": "POST",
        "http.route": "/delivery_time",
        "http.response.status_code": 200,
        "url.path": "/delivery_time",
        "url.scheme": "http",
        "request_id": "request-1",
    }


def test_an_id_in_the_path_is_no_route_of_its_own_and_a_failure_is_marked(
    collector: Collector, gateway_env: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        **gateway_env,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server.server_port}",
        "DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:9/none",
    }
    with running_gateway(environment, tmp_path) as lonely:
        assert lonely.client.get(f"/batch-jobs/{UUID(int=7)}").status_code == 503
        lonely.stop()
    (span,) = collector.spans
    assert (span.name, span.status.code) == ("GET /batch-jobs/{job_id}", Status.STATUS_CODE_ERROR)
    assert span.parent_span_id == b""


def test_a_batch_job_carries_its_trace_to_the_workers(
    collector: Collector, traced: Gateway, store: ObjectStore, valkey_url: str
) -> None:
    uri = placed(store, "traced.csv", CSV)
    job = traced.client.post("/batch-jobs", json={"input_uri": uri}, headers=CALLER).json()
    with redis.Redis.from_url(valkey_url) as queue:
        messages = [json.loads(text)["headers"] for text in queue.lrange(SCORING, 0, -1)]
    (sent,) = [headers for headers in messages if job["id"] in headers["argsrepr"]]
    wait_until(lambda: bool(collector.spans))
    assert sent["traceparent"] == f"00-{TRACE}-{collector.spans[0].span_id.hex()}-01"


def test_a_collector_that_is_away_costs_no_answer_and_no_slow_end(gateway_env: dict[str, str], tmp_path: Path) -> None:
    with running_gateway({**gateway_env, "OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE}, tmp_path) as untraced:
        untraced.wait_ready()
        assert untraced.client.post("/delivery_time", json=ORDER).status_code == 200
        untraced.process.terminate()
        untraced.process.wait(timeout=5)


def test_without_a_collector_nothing_of_it_is_loaded(gateway: Gateway) -> None:
    mapped = Path(f"/proc/{gateway.process.pid}/maps").read_text()
    assert "numpy" in mapped
    assert "google/_upb" not in mapped
