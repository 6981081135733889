"""A key has so many jobs open, and no more: what it asks for beyond would stand in the way of others."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import select

from common.batch.jobs import BatchJobs
from common.batch.shares import TooManyJobs
from common.database.session import Database
from common.database.tables import Act, BatchJob
from common.servers.objects import ObjectStore
from common.settings import BatchSettings
from support.example import CSV
from support.stack_fixtures import placed


@pytest.fixture
def input_uri(store: ObjectStore) -> str:
    return placed(store, f"open-jobs/{uuid4()}.csv", CSV)


def jobs_of(database: Database, store: ObjectStore, key_id: str, **limits: int) -> BatchJobs:
    return BatchJobs(database, store, BatchSettings(**limits)).of("shop", sees_all=False, key_id=key_id)


def test_a_key_has_so_many_open_jobs_until_some_have_ended(
    database: Database, store: ObjectStore, input_uri: str
) -> None:
    mine = jobs_of(database, store, uuid4().hex, open_jobs=2)
    first, _ = mine.submit(input_uri, idempotency_key=(again := uuid4().hex))
    mine.submit(input_uri)
    with pytest.raises(TooManyJobs, match="has 2 open jobs, 2 at most: wait until some have ended, or cancel them"):
        mine.submit(input_uri)
    known, created = mine.submit(input_uri, idempotency_key=again)
    assert (known.id, created) == (first.id, False)
    other, created = jobs_of(database, store, uuid4().hex, open_jobs=2).submit(input_uri)
    assert created
    assert other.status == "queued"
    mine.cancel(first.id)
    assert mine.submit(input_uri)[1]


def test_so_many_at_once_are_no_more(database: Database, store: ObjectStore, input_uri: str) -> None:
    key_id = uuid4().hex
    mine = jobs_of(database, store, key_id, open_jobs=3)

    def submitted(_: int) -> bool:
        try:
            return mine.submit(input_uri)[1]
        except TooManyJobs:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(submitted, range(8))) == 3
    with database.transaction() as session:
        assert len(session.scalars(select(BatchJob).where(BatchJob.key_id == key_id)).all()) == 3


def test_a_key_s_jobs_wait_with_so_many_bytes(database: Database, store: ObjectStore, input_uri: str) -> None:
    mine = jobs_of(database, store, uuid4().hex, open_bytes=int(1.5 * len(CSV)))
    mine.submit(input_uri)
    with pytest.raises(TooManyJobs, match=r"bytes to be read, [0-9,]+ at most"):
        mine.submit(input_uri)


def test_who_cancels_another_owner_s_job_is_on_record(database: Database, store: ObjectStore, input_uri: str) -> None:
    job, _ = jobs_of(database, store, uuid4().hex).submit(input_uri)
    admin = BatchJobs(database, store, BatchSettings()).of("office", sees_all=True, key_id="0ff1ce")
    admin.cancel(job.id)
    with database.transaction() as session:
        act = session.scalars(select(Act).where(Act.subject == str(job.id))).one()
        assert (act.act, act.actor, act.reason) == ("job cancelled", "0ff1ce", "of shop")
