"""Waiting for jobs to end: one question to the database for all who wait, however many they are."""

import asyncio
import contextlib
from collections import Counter
from uuid import UUID

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from common.batch.jobs import BatchJobs

LOOK_AGAIN_SECONDS = 0.5


class JobEnds:
    """Looks which of the jobs that somebody waits for have ended, every half second while anybody does."""

    def __init__(self, jobs: BatchJobs) -> None:
        self._jobs = jobs
        self._awaited: Counter[UUID] = Counter()
        self._looked = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._ended: set[UUID] = set()

    async def wait(self, job_id: UUID, seconds: float, request: Request) -> None:
        """Return once the job has ended, the seconds are over, or the client has gone."""
        self._awaited[job_id] += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while job_id not in self._ended and not await request.is_disconnected():
                        await self._looked.wait()
        finally:
            self._awaited -= Counter([job_id])

    async def _look(self) -> None:
        try:
            while self._awaited:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                try:
                    self._ended = await run_in_threadpool(self._jobs.ended, list(self._awaited))
                except SQLAlchemyError:  # whoever waits looks for himself, and says so
                    self._ended = set(self._awaited)
                self._looked.set()
                self._looked = asyncio.Event()
        finally:
            self._looking = None
