"""Shows a job's progress until it has ended: a bar on a terminal, else one line at the end; and what it waits for."""

import time
from uuid import UUID

from rich.console import Console
from rich.progress import Progress, TextColumn

from common.batch.conflicts import OPEN
from common.batch.jobs import BatchJobs, as_body
from common.database.tables import BatchJob

POLL_SECONDS = 0.25


def watch(jobs: BatchJobs, job_id: UUID) -> int:
    """Follow a job to its end; exit code 0 if it succeeded, else 1. JobNotFound."""
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rows]:,} rows"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("queued", total=1.0, rows=0)
        shown = None
        while (job := jobs.get(job_id)).status in OPEN:
            if job.error and job.error != shown:
                shown = job.error
                console.print(f"{job.status}, waits: {shown}", markup=False, soft_wrap=True)
            progress.update(bar, description=job.status, completed=as_body(job)["progress"], rows=job.rows_done)
            time.sleep(POLL_SECONDS)
        progress.update(bar, description=job.status, completed=as_body(job)["progress"], rows=job.rows_done)
    print(_summary(job))  # noqa: T201
    return 0 if job.status == "succeeded" else 1


def _summary(job: BatchJob) -> str:
    if job.status == "succeeded":
        return f"succeeded: {job.rows_done:,} rows, {job.rows_failed:,} of them not scored, in {job.output_uri}"
    return f"{job.status}: {job.error}" if job.error else job.status
