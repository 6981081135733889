"""A result takes the place of the one before it, whole; what is not ours is let be."""

import gzip
import io
import json
from typing import Any
from uuid import uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import ObjectStoreUnavailable, OutOfReach, OutputNotOurs, OutputTaken
from common.servers.objects import ObjectAddress
from support.scorer.rig import Rig, csv_file


@pytest.fixture
def target() -> str:
    """An output folder of the test's own, with nothing in it."""
    return f"s3://delivery-time/{uuid4()}/out/"


def days(rig: Rig, folder: str, count: int) -> str:
    for number in range(count):
        rig.put(f"{folder}/{number}.csv", csv_file(3, seed=number, note_bytes=3))
    return f"s3://delivery-time/{folder}/"


def rows(rig: Rig, folder: str) -> int:
    """Rows of all CSV parts in a folder."""
    prefix = ObjectAddress.split(folder).key
    parts = [key for key in rig.keys(prefix) if key.endswith(".csv")]
    return sum(len(rig.read(f"s3://delivery-time/{key}").splitlines()) - 1 for key in parts)


def test_a_nightly_job_leaves_one_nights_rows(alone: Rig, target: str) -> None:
    alone.drive(alone.submit(days(alone, "yesterday", 3), target, wake=False))
    assert rows(alone, target) == 9
    job = alone.drive(alone.submit(days(alone, "today", 1), target, wake=False))
    assert (job["status"], rows(alone, target)) == ("succeeded", 3)
    assert len(alone.keys_in(job)) == 2


@pytest.mark.parametrize("name", ["manifest.json", "notes.txt", "part-00000.csv", "_SUCCESS", "deep/x.parquet"])
def test_a_folder_of_others_is_refused_unless_overwrite_says_so(alone: Rig, target: str, name: str) -> None:
    given, folder = days(alone, "one", 1), target.removeprefix("s3://delivery-time/")
    alone.put(f"{folder}{name}", b"somebody's own")
    with pytest.raises(OutputNotOurs, match=f"holds {name}, which is no result of an earlier job") as refused:
        alone.submit(given, target)
    assert refused.value.status == 409
    assert alone.read(f"{target}{name}") == b"somebody's own"
    job = alone.drive(alone.submit(given, target, wake=False, overwrite=True))
    assert (job["status"], rows(alone, target), len(alone.keys_in(job))) == ("succeeded", 3, 2)


def test_a_file_of_others_in_the_manifests_place_is_refused(alone: Rig, target: str) -> None:
    alone.put(target.removeprefix("s3://delivery-time/").removesuffix("/") + ".manifest.json", b"[1, 2]")
    with pytest.raises(OutputNotOurs, match=r"beside it .*out\.manifest\.json"):
        alone.submit(days(alone, "one", 1), target)


def test_what_others_put_into_a_result_since_is_not_deleted(alone: Rig, target: str) -> None:
    alone.drive(alone.submit(days(alone, "one", 1), target, wake=False))
    alone.put(target.removeprefix("s3://delivery-time/") + "mine.csv", b"x")
    with pytest.raises(OutputNotOurs, match=r"holds mine\.csv"):
        alone.submit(days(alone, "one", 1), target)


def test_what_others_put_there_while_the_job_runs_fails_it_and_stays(alone: Rig, target: str) -> None:
    alone.drive(alone.submit(days(alone, "yesterday", 3), target, wake=False))
    before = sorted(alone.keys(target.removeprefix("s3://delivery-time/")))
    job_id = alone.submit(days(alone, "today", 1), target, wake=False)
    key = target.removeprefix("s3://delivery-time/") + "mine.csv"
    alone.put(key, b"x")
    job = alone.drive(job_id)
    assert (job["status"], "holds mine.csv" in job["error"]) == ("failed", True)
    assert sorted(alone.keys(target.removeprefix("s3://delivery-time/"))) == sorted([*before, key])


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_a_job_that_does_not_succeed_leaves_the_former_result_whole(alone: Rig, target: str, how: str) -> None:
    former = alone.drive(alone.submit(days(alone, "yesterday", 3), target, wake=False))
    before = sorted(alone.keys_in(former))
    job_id = alone.submit(days(alone, "today", 2), target, wake=False)
    alone.scorer.tasks.run_job(job_id)
    alone.scorer.tasks.score_chunk(job_id)
    if how == "cancelled":
        alone.jobs.cancel(job_id)
    else:
        alone.put("today/1.csv", csv_file(5, seed=9, note_bytes=3))
    alone.scorer.tasks.run_job(job_id)
    assert alone.drive(job_id)["status"] == how
    assert (sorted(alone.keys_in(former)), rows(alone, target)) == (before, 9)


def test_a_store_that_fails_while_a_result_is_replaced_is_made_good(
    alone: Rig, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone.drive(alone.submit(days(alone, "yesterday", 3), target, wake=False))
    job_id = alone.submit(days(alone, "today", 2), target, wake=False)
    complete = alone.store.complete_upload
    calls: list[str] = []

    def once(output: ObjectAddress, upload_id: str, parts: list[dict[str, Any]]) -> None:
        calls.append(output.key)
        if len(calls) == 2:
            raise ObjectStoreUnavailable("SlowDown")
        complete(output, upload_id, parts)

    monkeypatch.setattr(alone.store, "complete_upload", once)
    job = alone.drive(job_id)
    assert (job["status"], rows(alone, target), len(alone.keys_in(job))) == ("succeeded", 6, 3)


def test_a_result_of_the_layout_before_is_replaced(alone: Rig, target: str) -> None:
    """With its manifest inside, and without ETags."""
    folder = target.removeprefix("s3://delivery-time/")
    alone.put(f"{folder}a.csv", b"x\n1\n")
    manifest = {"job_id": "0", "rows": 1, "objects": [{"uri": f"{target}a.csv", "rows": 1}]}
    alone.put(f"{folder}manifest.json", json.dumps(manifest).encode())
    alone.put(f"{folder}_SUCCESS", b"")
    job = alone.drive(alone.submit(days(alone, "one", 1), target, wake=False))
    assert (job["status"], rows(alone, target), len(alone.keys_in(job))) == ("succeeded", 3, 2)


@pytest.mark.parametrize("other", ["", "below/"])
def test_two_open_jobs_do_not_write_into_one_another(alone: Rig, target: str, other: str) -> None:
    given = days(alone, "one", 1)
    job_id = alone.submit(given, target + other, wake=False)
    with pytest.raises(OutputTaken, match=str(job_id)):
        alone.submit(given, target)
    alone.jobs.cancel(job_id)
    again = alone.submit(given, target, wake=False)
    with pytest.raises(OutputTaken, match=str(again)):
        alone.submit(given, target + "below/")
    alone.jobs.cancel(again)


def test_every_file_of_a_result_can_be_read_without_keys_of_the_store(alone: Rig) -> None:
    job = alone.scored(days(alone, "files", 5))
    job_id = alone.job(job["id"]).id
    first, cursor = alone.jobs.files(job_id, limit=3)
    rest, end = alone.jobs.files(job_id, limit=3, cursor=cursor or 0)
    assert (len(first), len(rest), end) == (3, 2, None)
    texts = [httpx.get(file.link).text.splitlines() for file in (*first, *rest)]
    assert [len(text) - 1 for text in texts] == [file.rows for file in (*first, *rest)] == [3] * 5
    assert all("prediction" in text[0] for text in texts)


def test_what_a_writer_noted_for_itself_is_not_carried_on(alone: Rig) -> None:
    """Spark reads its own note in place of the columns, and finds no prediction."""
    fields = [pa.field("seller_zip_code_prefix", pa.int64(), metadata={"PARQUET:field_id": "1"})]
    fields += [pa.field(name, pa.float64()) for name in ("customer_lat", "customer_lng")]
    of_others = {"ARROW:extension:name": "geoarrow.point", "ARROW:extension:metadata": "", "PARQUET:field_id": "4"}
    fields += [pa.field("place", pa.binary(), metadata=of_others)]
    noted = pa.schema(fields, metadata={"org.apache.spark.sql.parquet.row.metadata": '{"type":"struct","fields":[]}'})
    sink = io.BytesIO()
    pq.write_table(pa.table([[9350], [-23.5], [-46.5], [b"x"]], schema=noted), sink)
    job = alone.scored(alone.put("noted.parquet", sink.getvalue()))
    (part,) = (key for key in alone.keys_in(job) if key.endswith(".parquet"))
    result = pq.ParquetFile(io.BytesIO(alone.read(job["output_uri"] + part)))
    assert set(result.metadata.metadata) == {b"ARROW:schema"}
    assert result.schema_arrow.names == [*noted.names, "prediction", "prediction_lower", "prediction_upper", "error"]
    assert result.schema_arrow.field("place").metadata[b"ARROW:extension:name"] == b"geoarrow.point"


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_an_object_of_others_is_refused_unless_overwrite_says_so(alone: Rig, target: str, ending: str) -> None:
    text = csv_file(3, note_bytes=3)
    given = alone.put(f"single/in.{ending}", gzip.compress(text) if ending == "csv.gz" else text)
    output = f"{target}scored.csv"
    alone.put(output.removeprefix("s3://delivery-time/"), b"somebody's own")
    with pytest.raises(OutputNotOurs, match=r"scored\.csv is there already, and is no result of an earlier job"):
        alone.submit(given, output)
    assert alone.read(output) == b"somebody's own"
    assert alone.drive(alone.submit(given, output, wake=False, overwrite=True))["status"] == "succeeded"
    nightly = alone.drive(alone.submit(given, output, wake=False))
    assert (nightly["status"], len(alone.output(nightly).splitlines())) == ("succeeded", 4)


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_an_object_that_others_write_while_the_job_runs_fails_it_and_stays(
    alone: Rig, target: str, ending: str
) -> None:
    text = csv_file(3, note_bytes=3)
    given = alone.put(f"single/late.{ending}", gzip.compress(text) if ending == "csv.gz" else text)
    job_id = alone.submit(given, f"{target}late.csv", wake=False)
    alone.put(f"{target}late.csv".removeprefix("s3://delivery-time/"), b"somebody's own")
    job = alone.drive(job_id)
    assert (job["status"], "is there already" in job["error"]) == ("failed", True)
    assert alone.read(f"{target}late.csv") == b"somebody's own"
    assert alone.uploads() == []


def test_results_belong_to_owners(alone: Rig, target: str) -> None:
    """What one owner's job wrote is no earlier result of another's, be it an object or a folder."""
    given, file = days(alone, "one", 1), alone.put("single/owned.csv", csv_file(3, note_bytes=3))
    mine, others = (alone.jobs.of(owner, sees_all=False) for owner in ("Açaí & Söhne", "shop-b"))
    for input_uri, output in ((given, target), (file, f"{target}deep/owned.csv".replace("/out/", "/single/"))):
        alone.drive(mine.submit(input_uri, output)[0].id)
        with pytest.raises(OutOfReach, match="no other owner's job has written"):
            others.submit(input_uri, output)
        again = alone.drive(mine.submit(input_uri, output)[0].id)
        assert again["status"] == "succeeded", again


def test_who_writes_somewhere_is_named_to_its_owner_alone(alone: Rig, target: str) -> None:
    given = days(alone, "one", 1)
    mine, others = (alone.jobs.of(owner, sees_all=False) for owner in ("shop-a", "shop-b"))
    job, _ = mine.submit(given, target)
    with pytest.raises(OutputTaken, match=f"batch job {job.id}, which is queued"):
        mine.submit(given, target)
    with pytest.raises(OutOfReach, match="no other owner's job has written") as refused:
        others.submit(given, target)
    assert str(job.id) not in str(refused.value)
    alone.jobs.cancel(job.id)


@pytest.mark.parametrize("moment", ["unfinished_uploads", "complete_upload"])
def test_an_upload_that_a_stranger_aborts_is_made_good(
    alone: Rig, target: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Before it is seen to be there, and after, when the former result is gone already."""
    alone.drive(alone.submit(days(alone, "yesterday", 3), target, wake=False))
    job_id = alone.submit(days(alone, "today", 2), target, wake=False)
    alone.scorer.tasks.run_job(job_id)
    first = alone.store.unfinished_uploads(ObjectAddress.split(target))[0]
    untouched = getattr(alone.store, moment)

    def after_the_stranger(*arguments: Any) -> Any:
        monkeypatch.undo()
        alone.store.abort_upload(first.address, first.upload_id)
        return untouched(*arguments)

    monkeypatch.setattr(alone.store, moment, after_the_stranger)
    job = alone.drive(job_id)
    assert (job["status"], job["rows_total"], rows(alone, target)) == ("succeeded", 6, 6), job
    assert len(alone.keys_in(job)) == 3
    assert alone.uploads() == []
