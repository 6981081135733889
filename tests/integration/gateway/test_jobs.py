"""Batch jobs over HTTP, up to the point where a scorer takes over."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from common.database.session import Database
from common.database.tables import BatchJob, BatchOutput
from common.servers.objects import ObjectStore
from support.example import CSV
from support.gateway_fixtures import Gateway, running_gateway
from support.stack_fixtures import placed


@pytest.fixture
def input_uri(store: ObjectStore) -> str:
    return placed(store, f"gateway/{uuid4()}/orders.csv", CSV)


def test_a_submitted_job_can_be_looked_at_listed_and_cancelled(gateway: Gateway, input_uri: str) -> None:
    submitted = gateway.client.post("/batch-jobs", json={"input_uri": input_uri})
    job = submitted.json()
    assert submitted.status_code == 202
    assert submitted.headers["location"] == f"/batch-jobs/{job['id']}"
    assert list(job) == [
        "id",
        "kind",
        "status",
        "input_uri",
        "output_uri",
        "rows_total",
        "rows_done",
        "rows_failed",
        "progress",
        "errors",
        "error",
        "notes",
        "model_version",
        "pace_day",
        "attempts",
        "created_at",
        "started_at",
        "finished_at",
        "on_time_shares",
        "details",
    ]
    assert (job["status"], job["progress"], job["input_uri"]) == ("queued", 0.0, input_uri)
    assert gateway.client.get(submitted.headers["location"]).json() == job
    assert gateway.client.get("/batch-jobs", params={"status": "queued", "limit": 1}).json()["items"] == [job]
    assert gateway.client.get(f"/batch-jobs/{job['id']}/result").status_code == 409
    cancelled = gateway.client.post(f"/batch-jobs/{job['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelled")


def test_an_idempotency_key_gives_the_same_job_and_refuses_another_body(
    gateway: Gateway, input_uri: str, store: ObjectStore
) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: gateway.client.post("/batch-jobs", json={"input_uri": input_uri}, headers=headers), range(8)
            )
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = {"input_uri": input_uri, "output_uri": f"s3://{store.bucket}/elsewhere.csv"}
    conflict = gateway.client.post("/batch-jobs", json=other, headers=headers)
    assert (conflict.status_code, conflict.json()["title"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("uri", "status", "said"),
    [
        ("file:///etc/passwd", 400, "s3://bucket/key"),
        ("s3://other/orders.csv", 403, "delivery-time"),
        ("s3://delivery-time/nothing.csv", 404, "upload it first"),
        ("s3://delivery-time/orders.xlsx", 400, ".parquet"),
        ("s3://delivery-time/in/../orders.csv", 400, "no part . or .."),
        (f"s3://delivery-time/{'é' * 512}.csv", 400, "1,024 bytes"),
    ],
)
def test_nonsense_is_refused_without_a_job(gateway: Gateway, uri: str, status: int, said: str) -> None:
    newest = gateway.client.get("/batch-jobs", params={"limit": 1}).json()
    answer = gateway.client.post("/batch-jobs", json={"input_uri": uri})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]
    assert gateway.client.get("/batch-jobs", params={"limit": 1}).json() == newest


@pytest.mark.parametrize("name", ["out/", "out.csv.gz", "out.parquet"])
def test_the_result_of_a_csv_file_is_a_plain_csv_object(
    gateway: Gateway, input_uri: str, store: ObjectStore, name: str
) -> None:
    body = {"input_uri": input_uri, "output_uri": f"s3://{store.bucket}/{name}"}
    refused = gateway.client.post("/batch-jobs", json=body)
    assert refused.status_code == 422
    assert f"must name a plain CSV object for {input_uri} (got s3://{store.bucket}/{name})" in refused.json()["detail"]


def test_two_open_jobs_do_not_write_to_one_place(gateway: Gateway, input_uri: str, store: ObjectStore) -> None:
    name = uuid4()
    body = {"input_uri": input_uri, "output_uri": f"s3://{store.bucket}/{name}.csv"}

    def submit(key: int) -> Any:
        return gateway.client.post("/batch-jobs", json=body, headers={"Idempotency-Key": f"{name}-{key}"})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, [number % 4 for number in range(8)]))
    taken = [answer for answer in answers if answer.status_code == 202]
    assert len(taken) == 2
    assert len({answer.json()["id"] for answer in taken}) == 1
    job = taken[0].json()["id"]
    assert {answer.status_code for answer in answers} == {202, 409}
    assert f"batch job {job}, which is queued, writes to {body['output_uri']}" in submit(9).json()["detail"]
    gateway.client.post(f"/batch-jobs/{job}/cancel")
    assert submit(9).status_code == 202


def test_submissions_that_wait_for_a_silent_store_hold_no_connection_to_the_database(
    gateway_env: dict[str, str], tmp_path: Path
) -> None:
    """A pool of one connection grows to eleven at most; twice as many submissions wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent, ExitStack() as stack:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {**gateway_env, "OBJECT_STORE_ENDPOINT": endpoint, "DATABASE_POOL_SIZE": "1"}
        gateway = stack.enter_context(running_gateway(environment, tmp_path))
        gateway.wait_ready()
        pool = stack.enter_context(ThreadPoolExecutor(22))

        def submit(number: int) -> int:
            headers = {"Idempotency-Key": f"silent-{tmp_path.name}-{number}"}
            body = {"input_uri": "s3://delivery-time/orders.csv"}
            return gateway.client.post("/batch-jobs", json=body, headers=headers, timeout=60).status_code

        waiting = [pool.submit(submit, number) for number in range(22)]
        time.sleep(1.5)
        answer = gateway.client.get("/batch-jobs", params={"limit": 1}, timeout=60)
        assert (answer.status_code, answer.elapsed.total_seconds() < 1) == (200, True)
        assert {submission.result() for submission in waiting} == {503}


def test_a_job_may_ask_for_promises_and_details(gateway: Gateway, input_uri: str) -> None:
    body: dict[str, Any] = {"input_uri": input_uri, "on_time_shares": [0.9, 0.5, 0.9], "details": True}
    key = {"Idempotency-Key": str(uuid4())}
    job = gateway.client.post("/batch-jobs", json=body, headers=key).json()
    assert (job["on_time_shares"], job["details"]) == ([0.9, 0.5], True)
    assert gateway.client.post("/batch-jobs", json=body, headers=key).json()["id"] == job["id"]
    for changed in ({"details": False}, {"on_time_shares": [0.9]}):
        assert gateway.client.post("/batch-jobs", json={**body, **changed}, headers=key).status_code == 409
    for wrong in ([0.4], [0.5, 0.6, 0.7, 0.8, 0.9, 0.95], []):
        refused = gateway.client.post("/batch-jobs", json={**body, "on_time_shares": wrong})
        assert refused.status_code == 422
        assert "on_time_shares must be a share from 0.5 to 0.99" in refused.json()["detail"]


def test_missing_columns_are_named_at_once(gateway: Gateway, store: ObjectStore) -> None:
    uri = placed(store, "gateway/short.csv", b"seller_zip_code_prefix,customer_lat\n1,2\n")
    answer = gateway.client.post("/batch-jobs", json={"input_uri": uri})
    assert answer.status_code == 422
    assert "lacks column(s) customer_lng" in answer.json()["detail"]


def test_a_bad_row_is_shown_with_its_line(gateway: Gateway, input_uri: str, database: Database) -> None:
    found = {"row": 7, "reason": "customer_lat is missing", "line": 12, "object": "in/a.csv"}
    job = gateway.client.post("/batch-jobs", json={"input_uri": input_uri}).json()
    with database.transaction() as session:
        session.execute(update(BatchJob).where(BatchJob.id == UUID(job["id"])).values(errors=[found]))
    assert gateway.client.get(f"/batch-jobs/{job['id']}").json()["errors"] == [found]


def test_the_files_of_a_result_are_listed_with_links_page_by_page(
    gateway: Gateway, input_uri: str, store: ObjectStore, database: Database
) -> None:
    job = gateway.client.post("/batch-jobs", json={"input_uri": input_uri}).json()
    path = f"/batch-jobs/{job['id']}/files"
    assert gateway.client.get(path).status_code == 409
    keys = [f"gateway/{job['id']}/{number}.csv" for number in range(3)]
    with database.transaction() as session:
        session.execute(update(BatchJob).where(BatchJob.id == UUID(job["id"])).values(status="succeeded"))
        for number, key in enumerate(keys):
            placed(store, key, CSV)
            session.add(BatchOutput(job_id=UUID(job["id"]), number=number, bucket=store.bucket, key=key))
    first = gateway.client.get(path, params={"limit": 2}).json()
    second = gateway.client.get(path, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    listed = first["items"] + second["items"]
    assert [file["uri"] for file in listed] == [f"s3://{store.bucket}/{key}" for key in keys]
    assert (second["next_cursor"], httpx.get(listed[2]["link"]).content) == (None, CSV)
    result = gateway.client.get(f"/batch-jobs/{job['id']}/result")
    assert (result.status_code, path in result.headers["link"]) == (302, True)


def test_a_folder_of_others_is_a_conflict_unless_overwrite_is_asked_for(
    gateway: Gateway, input_uri: str, store: ObjectStore
) -> None:
    folder = f"gateway/{uuid4()}"
    placed(store, f"{folder}/mine.txt", b"x")
    placed(store, f"{folder}-in/orders.csv", CSV)
    body = {"input_uri": f"s3://{store.bucket}/{folder}-in/", "output_uri": f"s3://{store.bucket}/{folder}/"}
    refused = gateway.client.post("/batch-jobs", json=body)
    assert (refused.status_code, "holds mine.txt" in refused.json()["detail"]) == (409, True)
    assert gateway.client.post("/batch-jobs", json=body | {"overwrite": True}).status_code == 202


def test_the_list_goes_on_where_the_page_before_ended(gateway: Gateway, input_uri: str) -> None:
    made = [gateway.client.post("/batch-jobs", json={"input_uri": input_uri}).json()["id"] for _ in range(3)]
    first = gateway.client.get("/batch-jobs", params={"limit": 2}).json()
    second = gateway.client.get("/batch-jobs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [job["id"] for job in first["items"] + second["items"]][:3] == made[::-1]


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "limit=x", "cursor=%25%25"])
def test_a_query_parameter_at_fault_is_named(gateway: Gateway, query: str) -> None:
    answer = gateway.client.get(f"/batch-jobs?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


def test_an_unknown_job_is_not_found(gateway: Gateway) -> None:
    assert gateway.client.get(f"/batch-jobs/{uuid4()}").status_code == 404
    assert gateway.client.post(f"/batch-jobs/{uuid4()}/cancel").status_code == 404
    assert gateway.client.get("/batch-jobs/7").status_code == 422


def test_a_long_poll_ends_when_the_job_does(gateway: Gateway, input_uri: str) -> None:
    job = gateway.client.post("/batch-jobs", json={"input_uri": input_uri}).json()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(gateway.client.get, f"/batch-jobs/{job['id']}", params={"wait": 15})
        gateway.client.post(f"/batch-jobs/{job['id']}/cancel")
        assert waiting.result(timeout=5).json()["status"] == "cancelled"
