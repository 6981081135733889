"""OpenTelemetry: one server span for each request, sent by OTLP over HTTP.

Needs the extra `tracing`. Exporter, sampler and resource are set by OpenTelemetry's own variables (OTEL_*).
"""

import asyncio
import threading

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.observation import route_path
from gateway.http.open_paths import is_open

SERVICE = Resource({"service.name": "delivery-time-gateway"})
CLOSE_SECONDS = 1.0
"""For the last spans at the end; those that a collector does not take by then are lost."""


class Tracing:
    """ASGI application around another. Health, metrics and documentation make no spans.

    The scope holds `trace_headers`, by which whatever the request sets off can join its trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._provider = TracerProvider(resource=SERVICE.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("gateway")
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._closing(send))
        elif is_open(scope["path"]):
            await self.app(scope, receive, send)
        else:
            await self._traced(scope, receive, send)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        span = self._tracer.start_span(scope["method"], self._caller(scope), SpanKind.SERVER)
        scope["trace_headers"] = self._headers(span)
        try:
            await self.app(scope, receive, send_noted)
        finally:
            _describe(span, scope, status)
            span.end()

    def _caller(self, scope: Scope) -> Context:
        """The trace that the client's request belongs to, if it says so."""
        sent = {str(name, "latin-1"): str(value, "latin-1") for name, value in scope["headers"]}
        return self._propagator.extract(sent, Context())

    def _headers(self, span: Span) -> dict[str, str]:
        headers: dict[str, str] = {}
        self._propagator.inject(headers, set_span_in_context(span, Context()))
        return headers

    def _closing(self, send: Send) -> Send:
        async def send_last(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                closing = threading.Thread(target=self._provider.shutdown, daemon=True)
                closing.start()
                await asyncio.to_thread(closing.join, CLOSE_SECONDS)
            await send(message)

        return send_last


def _describe(span: Span, scope: Scope, status: int) -> None:
    """Names as in OpenTelemetry's semantic conventions; `request_id` as in our logs."""
    route = route_path(scope)
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes(
        {
            "http.request.method": scope["method"],
            "http.route": route,
            "http.response.status_code": status,
            "url.path": scope["path"],
            "url.scheme": scope["scheme"],
            "request_id": scope["request_id"],
        }
    )
    if status >= 500:
        span.set_status(StatusCode.ERROR)
