"""Quality: how well the predictions of each window turned out, and what the full report says."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC

from fastapi import FastAPI
from nicegui import ui
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from common.errors import DeliveryTimeError
from common.servers.objects import ObjectAddress, ObjectStore
from console.frame.charts import Line, line_chart
from console.frame.markup import Cell, block, link, table, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number, percent
from console.reads import quality
from console.reads.database_reader import DatabaseReader
from console.reads.quality import MeasuredWindow, QualityCourse

SOURCES = {"live": "Live traffic", "backfill": "Backfill over the shop's history"}
SECONDS = 60.0
SHOWN = 12
AIM = 0.9
"""Of the 90 % interval."""

OF_DELIVERIES = ("mae", "baseline_mae", "interval_coverage", "bias")
FEWEST = 10
"""Deliveries of a window that a point of a chart needs: one parcel on its own flattens two years of weeks."""

GZIP = b"\x1f\x8b"
"""The monitor stores reports compressed."""

REPORT_POLICY = "sandbox allow-scripts; default-src 'unsafe-inline' 'unsafe-eval' data: blob:"
"""A report is somebody else's page: it runs its own scripts, reaches nobody, and is no part of this site."""


class QualityPage:
    """Charts of the table model_metrics, and the Evidently reports in the object store."""

    def __init__(self, shell: Shell, read: DatabaseReader, store: ObjectStore) -> None:
        self._shell = shell
        self._read = read
        self._store = store

    def add(self, app: FastAPI) -> None:
        """Serve the page at /quality, and reports at /quality/reports/WINDOW."""
        self._add_report(app)

        @ui.page("/quality", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/quality"):
                for source, title in SOURCES.items():
                    Panel(title, self._reading(source), self._draw, SECONDS)

    def _reading(self, source: str) -> Callable[[], Awaitable[QualityCourse]]:
        return lambda: self._read(lambda session: quality.course(session, source))

    def _add_report(self, app: FastAPI) -> None:
        @app.get("/quality/reports/{window_id}", include_in_schema=False)
        async def report(window_id: int) -> Response:
            try:
                uri = await self._read(lambda session: quality.report_uri(session, window_id))
                html = await run_in_threadpool(self._whole, uri)
            except DeliveryTimeError as error:
                return PlainTextResponse(f"{error}\n", error.status)
            headers = {"Content-Security-Policy": REPORT_POLICY}
            if html.startswith(GZIP):
                headers["Content-Encoding"] = "gzip"
            return Response(html, media_type="text/html", headers=headers)

    def _whole(self, uri: str) -> bytes:
        found = self._store.stat(ObjectAddress.split(uri))
        return self._store.read(found.address, 0, found.size, found.etag)

    def _draw(self, found: QualityCourse) -> None:
        if not found.windows:
            text("p", "No window was measured yet: the monitor measures live ones, monitor backfill the history.")
            return
        with block("div", "columns wide"):
            with block("div"):
                text("h3", "Mean error, beside the training data's median")
                line_chart(
                    "Mean error by window",
                    [_line("mean error", found, "mae"), _line("median alone", found, "baseline_mae")],
                    "days",
                    [(at, f"version {version}") for at, version in found.promotions],
                )
            with block("div"):
                text("h3", "Deliveries inside the 90 % interval")
                marks = [(at, rule) for at, rule in found.alerts]
                line_chart("Coverage by window", [_line("kept", found, "interval_coverage")], "share", marks, AIM)
            with block("div"):
                text("h3", "Promises kept, by the share that was asked for")
                line_chart("Kept promises by window", _kept(found), "share")
            with block("div"):
                text("h3", "Bias: predicted less than it took is below zero")
                line_chart("Bias by window", [_line("bias", found, "bias")], "days", level=0)
            with block("div"):
                text("h3", "Drift of the predictions, and missing values")
                drift = [_line("drift", found, "prediction_drift"), _line("missing", found, "share_missing_values")]
                line_chart("Drift and missing values by window", drift, "")
        text("h3", f"The newest {min(SHOWN, len(found.windows))} windows")
        for note in dict.fromkeys(each.note for each in found.windows[-SHOWN:] if each.note):
            text("p", note, "soft")
        headings = ("@window", "#version", "#orders", "#arrived", "#error", "#median alone", "#kept", "report")
        table("Newest windows", headings, map(self._row, found.windows[: -SHOWN - 1 : -1]))

    def _row(self, each: MeasuredWindow) -> Sequence[Cell]:
        return (
            " to ".join(f"{bound.astimezone(UTC):%Y-%m-%d}" for bound in (each.window_start, each.window_end)),
            each.model_version,
            number(each.rows),
            number(each.rows_with_actual),
            number(each.mae, 2),
            number(each.baseline_mae, 2),
            percent(each.interval_coverage),
            (lambda: link("full report", f"/quality/reports/{each.id}")) if each.report_uri else "–",
        )


def _line(name: str, found: QualityCourse, figure: str) -> Line:
    """A figure over time; one of deliveries only where enough of them tell."""
    points = []
    for each in found.windows:
        told = figure not in OF_DELIVERIES or each.rows_with_actual >= FEWEST
        points.append((each.window_end.isoformat(), _rounded(getattr(each, figure)) if told else None))
    return Line(name, points)


def _kept(found: QualityCourse) -> list[Line]:
    """The share of kept promises of each on-time share, the largest first."""
    shares = sorted({share for each in found.windows for share in each.promises or {}}, key=float, reverse=True)
    return [
        Line(f"at {share}", [(each.window_end.isoformat(), _kept_of(each, share)) for each in found.windows])
        for share in shares
    ]


def _kept_of(window: MeasuredWindow, share: str) -> float | None:
    counted = (window.promises or {}).get(share)
    return counted["kept"] / counted["promises"] if counted and counted["promises"] >= FEWEST else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
