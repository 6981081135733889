"""The promises of the product, kept by the running system."""

import csv
import io
from typing import Any

import boto3
import httpx
import psycopg2
import pytest

from support.example import ORDER
from support.waiting import wait_until

ROWS = "seller_zip_code_prefix,customer_lat,customer_lng,note\n9350,-23.577,-46.587,first\n9350,none,-46.587,bad\n"


@pytest.fixture
def settings(system: Any) -> dict[str, str]:
    """The environment that the stack's services run in."""
    settings: dict[str, str] = system.settings
    return settings


def upload(settings: dict[str, str], key: str, body: str) -> str:
    """Put a text object into the batch bucket; its address."""
    store = boto3.client(
        "s3",
        endpoint_url=settings["OBJECT_STORE_ENDPOINT"],
        aws_access_key_id=settings["OBJECT_STORE_ACCESS_KEY"],
        aws_secret_access_key=settings["OBJECT_STORE_SECRET_KEY"],
        region_name="us-east-1",
    )
    store.put_object(Bucket="delivery-time", Key=key, Body=body.encode())
    return f"s3://delivery-time/{key}"


def test_an_order_gets_whole_days_with_an_interval_around_them(system: Any) -> None:
    answer = system.gateway.post("/delivery_time", json=ORDER)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert {name: body[name] for name in ORDER} == ORDER
    assert body["delivery_time"] == round(body["delivery_time_days"])
    assert 0 <= body["lower_days"] <= body["delivery_time_days"] <= body["upper_days"]
    assert body["model_version"] == "1"


def test_the_gateway_tells_which_model_it_serves(system: Any) -> None:
    body = system.gateway.get("/model").json()
    assert (body["name"], body["version"]) == ("delivery-time", "1")
    assert system.gateway.get("/livez").status_code == 200
    assert system.gateway.get("/docs").status_code == 200


def test_a_batch_file_comes_back_with_every_row_and_a_reason_for_the_bad_one(
    system: Any, settings: dict[str, str]
) -> None:
    uri = upload(settings, "e2e/two.csv", ROWS)
    submitted = system.gateway.post("/batch-jobs", json={"input_uri": uri})
    assert submitted.status_code == 202, submitted.text
    address = submitted.headers["Location"]
    wait_until(lambda: system.gateway.get(address).json()["finished_at"] is not None, 60, what="the job to end")
    job = system.gateway.get(address).json()
    assert (job["status"], job["rows_total"], job["rows_done"], job["rows_failed"]) == ("succeeded", 2, 2, 1), job
    result = httpx.get(system.gateway.get(f"{address}/result").headers["Location"])
    good, bad = csv.DictReader(io.StringIO(result.text))
    assert good["note"] == "first"
    assert float(good["prediction_lower"]) <= float(good["prediction"]) <= float(good["prediction_upper"])
    assert (bad["note"], bad["prediction"]) == ("bad", "")
    assert "customer_lat" in bad["error"]


def test_the_same_order_gets_the_same_days_online_and_in_batch(system: Any, settings: dict[str, str]) -> None:
    purchase = "2018-03-05T10:00:00"
    rows = f"seller_zip_code_prefix,customer_lat,customer_lng,purchase_timestamp\n9350,-23.577,-46.587,{purchase}\n"
    uri = upload(settings, "e2e/one.csv", rows)
    address = system.gateway.post("/batch-jobs", json={"input_uri": uri}).headers["Location"]
    wait_until(lambda: system.gateway.get(address).json()["finished_at"] is not None, 60, what="the job to end")
    (row,) = csv.DictReader(io.StringIO(httpx.get(system.gateway.get(f"{address}/result").headers["Location"]).text))
    online = system.gateway.post("/delivery_time", json=ORDER | {"purchase_timestamp": purchase}).json()
    assert float(row["prediction"]) == pytest.approx(online["delivery_time_days"], abs=0.011)


def test_backfill_writes_one_row_a_week_and_writing_it_again_changes_nothing(
    system: Any, settings: dict[str, str]
) -> None:
    system.run("monitor", "backfill", "--weeks", "2")
    first = weekly_metrics(settings)
    assert len(first) == 2
    assert all(rows > 0 for _, rows, *_ in first)
    system.run("monitor", "backfill", "--weeks", "2")
    assert weekly_metrics(settings) == first


def weekly_metrics(settings: dict[str, str]) -> list[tuple[Any, ...]]:
    address = settings["DATABASE_URL"].replace("postgresql+psycopg2", "postgresql")
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT window_end, rows, share_missing_values, prediction_drift, num_drifted_columns, mae"
            " FROM model_metrics WHERE source = 'backfill' ORDER BY window_end"
        )
        return cursor.fetchall()
