"""Batch jobs over HTTP: submit, look, list, cancel, fetch the result. Their life is in `common.batch.jobs`."""

import re
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from common.batch.formats import ENDINGS
from common.batch.jobs import BatchJobs, as_body
from common.batch.reach import Reach
from common.batch.submission import ACTUALS, PREDICTIONS, Kind
from common.database.tables import BatchJob
from common.model.answers.further import DETAILS, Further
from common.orders.fields import Strict
from common.orders.promises import OnTimeShares
from common.servers.queue import Queue
from gateway.access.keys import Key
from gateway.http import problems
from gateway.routes.job_ends import JobEnds

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED = ("succeeded", "failed", "cancelled")
LONGEST_WAIT_SECONDS = 30

Uri = Annotated[str, Field(min_length=1, max_length=2_000)]
JobId = Annotated[UUID, Path(description="the job's id")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[!-~]{1,200}$",
        description="the same key with the same body gives the same job, however often it is sent",
    ),
]


class Submission(Strict):
    """What to score and where to write the result; or which actuals to take in."""

    kind: Kind = Field(
        "predictions",
        description="predictions, or actuals: rows with an order_id and moments, as the items of POST /actuals",
    )
    input_uri: Uri = Field(
        description=f"s3://bucket/key ending in {', '.join(ENDINGS)}, or a prefix ending in /",
        examples=["s3://delivery-time/orders.csv"],
        json_schema_extra={"pattern": f"^s3://[^/]+/.*({'|'.join(map(re.escape, ENDINGS))}|/)$"},
    )
    output_uri: Uri | None = Field(
        None,
        description="s3://bucket/key of the result; chosen for you if left out",
        json_schema_extra={"pattern": r"^s3://[^/]+/.+$"},
    )

    overwrite: bool = Field(
        False,
        description="replace whatever is at output_uri; without it, only an earlier result of the same owner",
    )
    on_time_shares: OnTimeShares | None = Field(
        None, description="of the promises that the result has, in columns like promise_90"
    )
    details: bool = Field(False, description=f"whether the result has {', '.join(DETAILS)}")


class RowError(BaseModel):
    """Why one row could not be used. Rows count from 1 in their object."""

    row: int = Field(description="from 1, the header not counted")
    reason: str = Field(description="what is wrong, and what would be right")
    line: int | None = Field(None, description="where a CSV row begins in its file, from 1: a row may have many lines")
    object: str | None = Field(None, description="the key of the row's object, if the job has several")


class Job(BaseModel):
    """A batch job."""

    id: UUID
    kind: Kind
    status: Status = Field(description="the last three are ends: nothing follows them")
    input_uri: str
    output_uri: str | None = Field(description="null for a job of actuals, which has no result")
    rows_total: int | None = Field(description="null until they are counted")
    rows_done: int = Field(description="looked at so far, those that failed among them")
    rows_failed: int = Field(description="could not be used; each has its reason in the result's column `error`")
    progress: float = Field(ge=0, le=1, description="share of the bytes that are done")
    errors: list[RowError] = Field(description="the first 20 rows that could not be used")
    error: str | None = Field(description="why the job failed")
    notes: list[str] = Field(description="what to know of the input, e.g. how many keys were passed over")
    model_version: str | None = Field(description="the version that scores every row; null until it is planned")
    pace_day: date | None = Field(description="the newest day of the delivery pace that the job is scored with")
    attempts: int = Field(description="how often the job was begun")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    on_time_shares: list[float]
    details: bool


class ResultFile(BaseModel):
    """An object of a result."""

    uri: str
    rows: int
    link: str = Field(description="where it can be read without keys for some time")


class ResultFiles(BaseModel):
    """The objects of a result, in the order of its input."""

    items: list[ResultFile]
    next_cursor: int | None


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[Job]
    next_cursor: str | None


def add_routes(app: FastAPI, jobs: BatchJobs, queue: Queue) -> None:
    """Serve the batch jobs."""
    router, ends = APIRouter(tags=["batch jobs"]), JobEnds(jobs)

    @router.post("/batch-jobs", status_code=202, responses=problems.documented(404, 409, 413, 415, 422))
    def submit(
        submission: Submission, request: Request, response: Response, idempotency_key: IdempotencyKey = None
    ) -> Job:
        """Score a file of the object store; the job is durable once this answers. Of actuals: scope `actuals`."""
        key: Key | None = request.scope["key"]
        if submission.kind == ACTUALS and key and not key.opens("actuals"):
            raise problems.Refused(problems.lacking(key.name, "actuals"))
        job, created = _seen_by(request, jobs).submit(
            submission.input_uri,
            submission.output_uri,
            idempotency_key,
            submission.overwrite,
            submission.kind,
            Further.asked(submission.on_time_shares or (), submission.details),
        )
        if created and job.kind == PREDICTIONS:
            queue.wake(job.id, request.scope.get("trace_headers"))
        response.headers["Location"] = f"{request.scope['root_path']}/batch-jobs/{job.id}"
        return _body(job)

    @router.get("/batch-jobs/{job_id}", responses=problems.documented(404, 422))
    async def look(
        request: Request,
        job_id: JobId,
        wait: Annotated[
            float, Query(ge=0, le=LONGEST_WAIT_SECONDS, description="seconds to wait for the job's end")
        ] = 0,
    ) -> Job:
        """The job as it is now, or at its end if that comes within `wait` seconds."""
        mine = _seen_by(request, jobs)
        job = await run_in_threadpool(mine.get, job_id)
        if wait and job.status not in ENDED:
            await ends.wait(job_id, wait, request)
            job = await run_in_threadpool(mine.get, job_id)
        return _body(job)

    @router.get("/batch-jobs", responses=problems.documented(422))
    def list_jobs(
        request: Request,
        status: Annotated[Status | None, Query(description="only jobs in this state")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")] = None,
    ) -> JobPage:
        """Jobs, newest first, a page at a time."""
        page, next_cursor = _seen_by(request, jobs).list_page(status, limit, cursor)
        return JobPage(items=[_body(job) for job in page], next_cursor=next_cursor)

    @router.post("/batch-jobs/{job_id}/cancel", status_code=202, responses=problems.documented(404, 409, 422))
    def cancel(request: Request, job_id: JobId) -> Job:
        """Stop a job; no output is left behind."""
        job = _seen_by(request, jobs).cancel(job_id)
        if job.kind == PREDICTIONS:
            queue.wake(job.id)
        return _body(job)

    @router.get(
        "/batch-jobs/{job_id}/result",
        status_code=302,
        response_class=RedirectResponse,
        responses={302: {"description": "The presigned address of the result"}, **problems.documented(404, 409, 422)},
    )
    def result(request: Request, job_id: JobId, response: Response) -> str:
        """Go to the result of a job that succeeded; of a dataset, to its manifest. Its files: `/files`."""
        files = f"{request.scope['root_path']}/batch-jobs/{job_id}/files"
        response.headers["Link"] = f'<{files}>; rel="contents"'
        return _seen_by(request, jobs).result_address(job_id)

    @router.get("/batch-jobs/{job_id}/files", responses=problems.documented(404, 409, 422))
    def files(
        request: Request,
        job_id: JobId,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        cursor: Annotated[int, Query(ge=-1, lt=2**31, description="`next_cursor` of the page before")] = -1,
    ) -> ResultFiles:
        """Every object of the result of a job that succeeded, with a presigned link, a page at a time."""
        page, next_cursor = _seen_by(request, jobs).files(job_id, limit, cursor)
        items = [ResultFile.model_validate(asdict(file)) for file in page]
        return ResultFiles(items=items, next_cursor=next_cursor)

    app.include_router(router)


def _seen_by(request: Request, jobs: BatchJobs) -> BatchJobs:
    """The jobs that the client may see: its owner's, or all where no key is asked for or the key sees all."""
    key: Key | None = request.scope["key"]
    return jobs.of(key.owner, key.sees_all(request.method), key.id, Reach(key.reads, key.writes)) if key else jobs


def _body(job: BatchJob) -> Job:
    return Job.model_validate(as_body(job))
