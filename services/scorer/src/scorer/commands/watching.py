"""Shows a job's progress until it has ended: a bar on a terminal, else one line at the end; and what it waits for."""

import time
from uuid import UUID

from rich.console import Console
from rich.progress import Progress, TextColumn

from common.batch.conflicts import OPEN
from common.batch.jobs import as_body
from common.database.tables import BatchJob
from scorer.commands.reasons import reasons
from scorer.wiring import Client

POLL_SECONDS = 0.25
SCORED, FAILED, SOME_NOT_SCORED, NOT_ENDED = 0, 1, 3, 4
"""Exit codes of `scorer submit --wait` and `scorer watch`."""


def watch(client: Client, job_id: UUID, seconds: float | None = None) -> int:
    """Follow a job to its end, for so many seconds at most; the exit code. JobNotFound."""
    console, jobs = Console(stderr=True), client.jobs
    deadline = None if seconds is None else time.monotonic() + seconds
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rows]:,} rows"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("queued", total=1.0, rows=0)
        shown = None
        while (job := jobs.get(job_id)).status in OPEN:
            if job.error and job.error != shown:
                shown = job.error
                console.print(f"{job.status}, waits: {shown}", markup=False, soft_wrap=True)
            if deadline is not None and time.monotonic() > deadline:
                print(f"still {job.status}: `scorer watch {job_id}` goes on watching")  # noqa: T201
                return NOT_ENDED
            progress.update(bar, description=job.status, completed=as_body(job)["progress"], rows=job.rows_done)
            time.sleep(POLL_SECONDS)
        progress.update(bar, description=job.status, completed=as_body(job)["progress"], rows=job.rows_done)
    lines = [_summary(job), *(reasons(client.database, job) if job.rows_failed else ())]
    print("\n".join(lines))  # noqa: T201
    if job.status != "succeeded":
        return FAILED
    return SOME_NOT_SCORED if job.rows_failed else SCORED


def _summary(job: BatchJob) -> str:
    if job.status == "succeeded":
        return f"succeeded: {job.rows_done:,} rows, {job.rows_failed:,} of them not scored, in {job.output_uri}"
    return f"{job.status}: {job.error}" if job.error else job.status
