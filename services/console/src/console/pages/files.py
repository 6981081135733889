"""Files: drop one or name its address; every job there was."""

from collections.abc import Callable

from fastapi import FastAPI
from nicegui import events, ui
from nicegui.elements.upload_files import FileUpload
from starlette.requests import Request

from common.batch.formats import ENDINGS
from common.errors import DeliveryTimeError
from console.access.visitor import Visitor
from console.files.uploads import Uploads
from console.frame.acting import on_click, say_refused
from console.frame.cursors import Cursors
from console.frame.markup import Cell, block, button, link, table, tag, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number, percent, size
from console.reads.jobs import Job, Jobs

SECONDS = 3.0
LENGTH = 20
DROP = """
<div class="drop">
  <span class="gone"><q-uploader-add-trigger /></span>
  <q-btn no-caps unelevated label="Choose a file" @click="props.pickFiles" />
  <span>or drop it here</span>
  <span v-if="props.isUploading">{{ props.uploadSizeLabel }}, {{ props.uploadProgressLabel }}</span>
</div>
"""
FORMATS = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"


class FilesPage:
    """The list of jobs and the two ways to start one. most_bytes: largest file that may be dropped."""

    def __init__(self, shell: Shell, jobs: Jobs, uploads: Uploads, most_bytes: int) -> None:
        self._shell = shell
        self._jobs = jobs
        self._uploads = uploads
        self._most_bytes = most_bytes

    def add(self, _: FastAPI) -> None:
        """Serve the page at /files."""

        @ui.page("/files", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/files") as visitor:
                if visitor.may("jobs"):
                    self._draw_start(visitor)
                else:
                    text("p", "To score files it takes a key with the scope jobs.", "panel")
                if visitor.may("jobs", "read"):
                    JobList(self._shell, self._jobs, visitor)

    def _draw_start(self, visitor: Visitor) -> None:
        with block("div", "columns wide"):
            with block("section", "panel"):
                text("h2", "Drop a file")
                self._draw_upload(visitor)
            with block("section", "panel"):
                text("h2", "Or name one in the object store")
                self._draw_address(visitor)

    def _draw_upload(self, visitor: Visitor) -> None:
        progress = ui.linear_progress(0.0, show_value=False).props('aria-label="to the object store"')
        progress.set_visibility(False)

        async def uploaded(event: events.UploadEventArguments) -> None:
            progress.set_visibility(True)
            try:
                await self._score(visitor, event.file, progress.set_value)
            except DeliveryTimeError as error:
                say_refused(error)
            finally:
                progress.set_visibility(False)
                upload.reset()

        upload = ui.upload(
            auto_upload=True,
            max_file_size=self._most_bytes,
            on_upload=uploaded,
            on_rejected=lambda: ui.notify(
                f"a dropped file has {size(self._most_bytes)} at most: put it into the object store and name it there",
                type="negative",
            ),
        ).classes("upload")
        upload.add_slot("header", DROP)
        text(
            "p",
            f"{FORMATS}, up to {size(self._most_bytes)}. Columns and format are checked before the job starts; "
            "further columns pass through.",
            "soft",
        )

    async def _score(self, visitor: Visitor, file: FileUpload, progress: Callable[[float], object]) -> None:
        self._shell.may(visitor, "jobs")
        address = await self._uploads.put(file, progress)
        try:
            job = await self._jobs.submit(visitor, str(address))
        except DeliveryTimeError:
            await self._uploads.discard(address)
            raise
        ui.navigate.to(f"/files/{job.id}")

    def _draw_address(self, visitor: Visitor) -> None:
        given = (
            ui.input("Input", placeholder="s3://bucket/orders.csv")
            .props("outlined dense hide-bottom-space")
            .classes("full")
        )
        given.props["hint"] = f"an object ending in {FORMATS}, or a prefix ending in /"
        result = ui.input("Result (optional)", placeholder="s3://bucket/result.csv").props("outlined dense")
        result.classes("full")
        start = button("Check and start")

        async def go() -> None:
            self._shell.may(visitor, "jobs")
            job = await self._jobs.submit(visitor, (given.value or "").strip(), (result.value or "").strip() or None)
            ui.navigate.to(f"/files/{job.id}")

        on_click(start, go)


class JobList:
    """One page of jobs at a time, by the gateway's cursors."""

    def __init__(self, shell: Shell, jobs: Jobs, visitor: Visitor) -> None:
        self._shell = shell
        self._jobs = jobs
        self._visitor = visitor
        panel = Panel("Jobs", self._load, self._draw, SECONDS)
        self._cursors = Cursors(None, panel.refresh)

    async def _load(self) -> tuple[list[Job], str | None]:
        return await self._jobs.page(self._visitor, LENGTH, self._cursors.present)

    def _draw(self, page: tuple[list[Job], str | None]) -> None:
        jobs, following = page
        if not jobs:
            text("p", "No job yet.")
        else:
            table(
                "Jobs", ("@job", "state", "#done", "#rows", "#not scored", "@submitted", "input"), map(self._row, jobs)
            )
        self._cursors.draw(following)

    def _row(self, job: Job) -> tuple[Cell, ...]:
        return (
            lambda: link(job.id[:8], f"/files/{job.id}"),
            tag(job.status),
            percent(job.progress),
            number(job.rows_total),
            number(job.rows_failed),
            self._shell.words.moment(job.created_at),
            job.input_uri,
        )
