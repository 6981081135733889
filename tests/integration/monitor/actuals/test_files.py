"""Files of reports: what is in them counts as if it had been posted, and each row that cannot be used is named."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from common.batch.jobs import BatchJobs
from common.database.session import Database
from common.database.tables import Actual, BatchJob
from common.errors import InvalidInput, MissingColumns, NotFound, UnreadableInput
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import BatchSettings
from monitor import cli
from monitor.actuals import files
from monitor.actuals.importing import Imported, import_file
from monitor.actuals.jobs import ActualsJobs
from support.command_lines import called

pytestmark = pytest.mark.usefixtures("monitoring")

LIMITS = BatchSettings()
CSV = """order_id,customer,delivered_at,shipped_timestamp,cancelled_at
a,Ana,2018-05-01T12:00:00Z,2018-04-28 09:00,
b,"Bo, the second",2018-05-02,,
c,,,,2018-05-03T00:00:00-03:00
d,still under way,,,
e,,2018-05-01,null,null
"""


@pytest.fixture
def jobs(database: Database, store: ObjectStore) -> BatchJobs:
    """With no other job of actuals."""
    with database.transaction() as session:
        for job in session.scalars(select(BatchJob).where(BatchJob.kind == "actuals")):
            session.delete(job)
    return BatchJobs(database, store, LIMITS)


@pytest.fixture
def imported(database: Database, store: ObjectStore, tmp_path: Path) -> Callable[[str, bytes], Imported]:
    """Import a local file of this name and content."""

    def write_and_import(name: str, content: bytes) -> Imported:
        (tmp_path / name).write_bytes(content)
        return import_file(database, lambda: store, LIMITS, str(tmp_path / name))

    return write_and_import


def put(store: ObjectStore, name: str, content: bytes) -> str:
    address = ObjectAddress(store.bucket, f"actuals/{uuid4().hex}/{name}")
    store.put(address, content)
    return str(address)


def known(database: Database) -> dict[str, tuple[datetime | None, ...]]:
    """What is known of every order: delivered, shipped, cancelled."""
    with database.transaction() as session:
        rows = session.scalars(select(Actual))
        return {row.order_id: (row.delivered_at, row.shipped_at, row.cancelled_at) for row in rows}


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type,misc]


ALL = {
    "a": (at(2018, 5, 1, 12), at(2018, 4, 28, 9), None),
    "b": (at(2018, 5, 2), None, None),
    "c": (None, None, at(2018, 5, 3, 3)),
    "e": (at(2018, 5, 1), None, None),
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("a.csv", b"\xef\xbb\xbf\r\n" + CSV.replace("\n", "\r\n").encode()),
        ("a.csv", CSV.replace('"Bo, the second"', "Bo").replace(",", ";").encode()),
        ("a.csv", CSV.replace("order_id", "ORDER_ID").replace("delivered_at", "Delivered_At").encode()),
        ("a.csv", CSV.replace("12:00:00Z", "12:00:00.000 UTC").replace("2018-05-02", "2018-05-02 00:00 UTC").encode()),
        ("a.csv.gz", gzip.compress(CSV.encode())),
        ("packed-all-the-same.csv", gzip.compress(CSV.encode())),
    ],
    ids=[
        "plain",
        "with a mark and CRLF",
        "with semicolons",
        "in capitals",
        "from BigQuery",
        "packed",
        "packed by the store",
    ],
)
def test_a_csv_file_says_what_its_rows_say(
    database: Database, imported: Callable[[str, bytes], Imported], name: str, content: bytes
) -> None:
    with database.transaction() as session:
        session.add(Actual(order_id="e", shipped_at=at(2018, 4, 1), said=2))
    assert imported(name, content) == Imported(rows=5, reports=4, refused=0)
    assert known(database) == ALL, "an empty field says nothing, null takes a word back"


def test_parquet_gives_moments_days_and_texts(database: Database, store: ObjectStore) -> None:
    table = pa.table(
        {
            "order_id": pa.array(["a", "b", "c", "d"]).dictionary_encode(),
            "delivered_at": pa.array([at(2018, 5, 1, 12), at(2018, 5, 2), None, None], pa.timestamp("ns", "UTC")),
            "shipped_at": pa.array(["2018-04-28 09:00", None, "", None]),
            "cancelled_at": pa.array([None, None, date(2018, 5, 3), None]),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=2)
    uri = put(store, "a.parquet", sink.getvalue().to_pybytes())
    assert import_file(database, lambda: store, LIMITS, uri) == Imported(rows=4, reports=3, refused=0)
    assert known(database) == {name: ALL[name] for name in "ab"} | {"c": (None, None, at(2018, 5, 3))}


def test_each_row_that_cannot_be_used_is_named_and_costs_no_other(
    database: Database, imported: Callable[[str, bytes], Imported], capsys: pytest.CaptureFixture[str]
) -> None:
    content = (
        "order_id,delivered_at,lost_at\n"
        "a,2018-05-01,\n"
        "b,yesterday,\n"
        "a blank,2018-05-01,\n"
        ",2018-05-01,\n"
        "c,2018-05-01,,\n"
        "d,2099-01-01,\n"
        '"e\ne",2018-05-01,\n'
        "f,,2018-05-02\n"
    )
    assert imported("a.csv", content.encode()) == Imported(rows=8, reports=2, refused=6)
    assert set(known(database)) == {"a", "f"}
    told = [line.partition("a.csv: ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == [
        "row 2 (line 3): delivered_at must be an ISO 8601 time from 2000 to 2099 (got 'yesterday')",
        "row 3 (line 4): order_id must be 1 to 64 visible ASCII characters (got 'a blank')",
        "row 4 (line 5): order_id must be 1 to 64 visible ASCII characters (got '')",
        "row 5 (line 6): has 4 fields, the header 3",
        "row 6 (line 7): delivered_at must be a moment that has come, at most a day from now (got '2099-01-01')",
        "row 7 (line 8): order_id must be 1 to 64 visible ASCII characters (got 'e\\ne')",
    ]


def test_the_command_counts_what_it_took_in_and_ends_with_3_if_rows_were_refused(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("order_id,lost_at\na,2018-05-01\nb,\nc,never\n")
    done = called(cli.main, "actuals", "import", str(file))
    assert done.stdout == "3 rows: 1 reported something of an order, 1 say nothing, 1 refused\n"
    assert "row 3 (line 4): lost_at must be an ISO 8601 time from 2000 to 2099 (got 'never')" in done.stderr
    assert done.returncode == 3
    missing = called(cli.main, "actuals", "import", str(tmp_path / "none.csv"))
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert "none.csv" in missing.stderr


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("a.csv", b"order,delivered_at\n", MissingColumns, r"lacks column\(s\) order_id; it has: order, delivered_at"),
        ("a.csv", b"order_id,status\n", MissingColumns, "lacks .* a column of moments, such as delivered_at"),
        ("a.csv", b"order_id,delivered_at,delivered_timestamp\n", UnreadableInput, "delivered_at and delivered_time"),
        ("a.csv", b"order_id,lost_at,lost_at\n", UnreadableInput, "lost_at more than once"),
        ("a.parquet", b"PAR1 no more", UnreadableInput, "not readable as Parquet"),
        ("a.xlsx", b"", InvalidInput, "must end in .csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    imported: Callable[[str, bytes], Imported], name: str, content: bytes, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        imported(name, content)


def test_a_job_takes_actuals_in_and_says_what_it_could_not_use(
    database: Database, store: ObjectStore, jobs: BatchJobs
) -> None:
    prefix = put(store, "1.csv", CSV.encode()).removesuffix("1.csv")
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    store.put(ObjectAddress(bucket, f"{key}2.csv"), b"order_id,lost_at\nx,2018-05-01\ny,never\n")
    job, created = jobs.submit(prefix, idempotency_key=uuid4().hex, kind="actuals")
    assert created
    worker = ActualsJobs(database, store, LIMITS)
    assert worker.work()
    assert not worker.work()
    done = jobs.get(job.id)
    assert (done.status, done.rows_total, done.rows_done, done.rows_failed) == ("succeeded", 7, 7, 1)
    assert done.errors == [
        {"row": 2, "line": 3, "object": f"{key}2.csv"}
        | {"reason": "lost_at must be an ISO 8601 time from 2000 to 2099 (got 'never')"}
    ]
    assert set(known(database)) == {"a", "b", "c", "e", "x"}
    with pytest.raises(NotFound, match="took actuals in: it has no result"):
        jobs.result_address(job.id)


def test_a_job_goes_on_behind_what_its_dead_worker_had_taken_in(
    database: Database, store: ObjectStore, jobs: BatchJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_REPORTS", 2)
    body = "order_id,delivered_at\n" + "".join(f"order-{number},2018-05-01\n" for number in range(5))
    job, _ = jobs.submit(put(store, "a.csv", body.encode()), kind="actuals")
    dying, saved = ActualsJobs(database, store, LIMITS), []
    save = dying._save

    def save_once(*arguments: object) -> bool:
        if saved:
            raise KeyboardInterrupt
        saved.append(save(*arguments))  # type: ignore[arg-type]
        return True

    monkeypatch.setattr(dying, "_save", save_once)
    with pytest.raises(KeyboardInterrupt):
        dying.work()
    assert set(known(database)) == {"order-0", "order-1"}
    with database.transaction() as session:
        session.get_one(Actual, "order-0").delivered_at = at(2018, 6, 1)  # a correction, after the file
        session.get_one(BatchJob, job.id).lease_expires_at = func.now()
    assert ActualsJobs(database, store, LIMITS).work()
    done = jobs.get(job.id)
    assert (done.status, done.rows_done, done.attempts) == ("succeeded", 5, 2)
    assert len(known(database)) == 5
    assert known(database)["order-0"][0] == at(2018, 6, 1)


def test_a_cancelled_job_stops_and_a_replaced_file_fails_it(
    database: Database, store: ObjectStore, jobs: BatchJobs
) -> None:
    uri = put(store, "a.csv", CSV.encode())
    job, _ = jobs.submit(uri, kind="actuals")
    store.put(ObjectAddress.split(uri), b"order_id,lost_at\n")
    cancelled, _ = jobs.submit(put(store, "b.csv", CSV.encode()), kind="actuals")
    jobs.cancel(cancelled.id)
    worker = ActualsJobs(database, store, LIMITS)
    assert worker.work()
    assert not worker.work()
    assert jobs.get(job.id).status == "failed"
    assert "was replaced while the job ran" in str(jobs.get(job.id).error)
    assert known(database) == {}


def test_a_job_of_actuals_writes_no_output_and_is_none_of_predictions(jobs: BatchJobs, store: ObjectStore) -> None:
    uri, key = put(store, "a.csv", CSV.encode()), uuid4().hex
    with pytest.raises(InvalidInput, match="writes no output"):
        jobs.submit(uri, output_uri=f"s3://{store.bucket}/out.csv", kind="actuals")
    job, _ = jobs.submit(uri, idempotency_key=key, kind="actuals")
    assert jobs.submit(uri, idempotency_key=key, kind="actuals")[0].id == job.id
    with pytest.raises(Exception, match="was used with another body"):
        jobs.submit(uri, output_uri=f"s3://{store.bucket}/out.csv", idempotency_key=key)
