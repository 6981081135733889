"""One job: its progress as it goes, bad rows with their reasons, the result's first rows, cancel and download."""

from fastapi import FastAPI
from nicegui import ui
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from common.errors import DeliveryTimeError
from common.servers.objects import ObjectStore
from console.access.visitor import Visitor
from console.files.download import download
from console.files.preview import Preview, preview
from console.frame.acting import on_click
from console.frame.markup import block, button, facts, table, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number, percent
from console.reads.jobs import Job, Jobs

SECONDS = 1.0
WAITING = "They come when the job has succeeded."


class JobPage:
    """Watches one job by the gateway's route."""

    def __init__(self, shell: Shell, jobs: Jobs, store: ObjectStore) -> None:
        self._shell = shell
        self._jobs = jobs
        self._store = store

    def add(self, app: FastAPI) -> None:
        """Serve the page at /files/JOB, and the result at /files/JOB/result: one file for every kind."""
        self._add_result(app)

        @ui.page("/files/{job_id}", dark=None)
        def page(request: Request, job_id: str) -> None:
            with self._shell.page(request, "/files", f"Job {job_id[:8]}") as visitor:
                state: Panel[Job] = Panel(
                    "State",
                    lambda: self._jobs.get(visitor, job_id),
                    lambda job: self._draw(job, visitor, state),
                    SECONDS,
                    final=lambda job: not job.open,
                )
                Panel(
                    "First rows of the result",
                    lambda: self._preview(visitor, job_id),
                    _draw_preview,
                    SECONDS,
                    final=lambda found: found != WAITING,
                )

    def _add_result(self, app: FastAPI) -> None:
        @app.get("/files/{job_id}/result", include_in_schema=False)
        async def fetch(request: Request, job_id: str) -> Response:
            visitor: Visitor = request.state.visitor
            try:
                self._shell.may(visitor, "jobs", "read")
                output = (await self._jobs.finished(visitor, job_id)).output_uri or ""
                result = await run_in_threadpool(download, self._store, output)
            except DeliveryTimeError as error:
                return PlainTextResponse(f"{error}\n", error.status)
            named = {"Content-Disposition": f'attachment; filename="{result.name}"'}
            return StreamingResponse(iterate_in_threadpool(result.blocks), media_type=result.media_type, headers=named)

    async def _preview(self, visitor: Visitor, job_id: str) -> Preview | str:
        job = await self._jobs.get(visitor, job_id)
        if job.status != "succeeded" or job.output_uri is None:
            return WAITING if job.open else "There is no result."
        found = await run_in_threadpool(preview, self._store, job.output_uri)
        return found or "The result is a Parquet data set: download it, or read its address as a folder."

    def _draw(self, job: Job, visitor: Visitor, panel: Panel[Job]) -> None:
        moment = self._shell.words.moment
        text("p", job.status, f"big {'bad' if job.status == 'failed' else 'good' if job.status == 'succeeded' else ''}")
        ui.linear_progress(job.progress, show_value=False).props(f'aria-label="{percent(job.progress)} done"')
        if job.error:
            text("p", job.error, "trouble")
        facts(
            [
                ("rows", f"{number(job.rows_done)} of {number(job.rows_total)} done"),
                ("not scored", number(job.rows_failed)),
                ("input", job.input_uri),
                ("result", job.output_uri or "none: actuals were taken in"),
                ("model version", job.model_version or "–"),
                ("submitted", moment(job.created_at)),
                ("started", moment(job.started_at)),
                ("ended", moment(job.finished_at)),
            ]
        )
        with block("div", "actions"):
            if job.open and visitor.may("jobs"):
                self._draw_cancel(job, visitor, panel)
            if job.status == "succeeded" and job.output_uri:
                fetching = text("a", "Download the result" + (" as a ZIP archive" if job.dataset else ""), "button")
                fetching.props(f'href="/files/{job.id}/result" download')
        if job.errors:
            text("h3", f"Rows that were not scored: the first {len(job.errors)} of {number(job.rows_failed)}")
            table("Rows that were not scored", ("row", "why"), job.errors, "compact")

    def _draw_cancel(self, job: Job, visitor: Visitor, panel: Panel[Job]) -> None:
        async def cancel() -> None:
            self._shell.may(visitor, "jobs")
            await self._jobs.cancel(visitor, job.id)
            await panel.refresh()

        on_click(button("Cancel the job", outline=True), cancel)


def _draw_preview(found: Preview | str) -> None:
    if isinstance(found, str):
        text("p", found, "soft")
        return
    with block("div", "scroll").props('tabindex="0" role="region" aria-label="First rows of the result"'):
        table("First rows of the result", found.columns, found.rows, "compact")
