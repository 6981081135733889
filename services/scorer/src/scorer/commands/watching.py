"""Show a job's progress until it has ended: a bar on a terminal, else one line at the end; and what it waits for."""

import time
from uuid import UUID

from rich.console import Console
from rich.progress import Progress, TextColumn
from sqlalchemy.orm import Session

from common.batch import jobs
from common.batch.jobs import OPEN
from common.database.session import engine
from common.database.tables import BatchJob

POLL_SECONDS = 0.25


def watch(job_id: UUID) -> int:
    """Follow a job to its end; exit code 0 if it succeeded, else 1. JobNotFound."""
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rows]:,} rows"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("queued", total=1.0, rows=0)
        told = None
        while (job := _look(job_id)).status in OPEN:
            if job.error and job.error != told:
                told = job.error
                console.print(f"{job.status}, waits: {told}", markup=False, soft_wrap=True)
            progress.update(bar, description=job.status, completed=jobs.as_body(job)["progress"], rows=job.rows_done)
            time.sleep(POLL_SECONDS)
        progress.update(bar, description=job.status, completed=jobs.as_body(job)["progress"], rows=job.rows_done)
    print(_summary(job))  # noqa: T201
    return 0 if job.status == "succeeded" else 1


def _look(job_id: UUID) -> BatchJob:
    with Session(engine()) as session:
        return jobs.get(session, job_id)


def _summary(job: BatchJob) -> str:
    if job.status == "succeeded":
        return f"succeeded: {job.rows_done:,} rows, {job.rows_failed:,} of them not scored, in {job.output_uri}"
    return f"{job.status}: {job.error}" if job.error else job.status
