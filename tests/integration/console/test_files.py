"""Files in the browser: checked, scored, watched to the end, fetched."""

import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from common.servers.objects import ObjectAddress, ObjectStore
from support.console_fixtures import Console, visit
from support.gateway_fixtures import Gateway
from support.waiting import wait_until

HEADER = "seller_zip_code_prefix,customer_lat,customer_lng,note\n"
GOOD = "9350,-23.577,-46.587,ours\n"
BAD = "9350,123.4,-46.587,north of the pole\n"
SCORED_MS = 60_000


@pytest.fixture(scope="module")
def scorer(console_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    with (tmp_path_factory.mktemp("scorer") / "log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "scorer.cli", "worker"], env={**os.environ, **console_env}, stderr=log
        )
        yield worker
        worker.terminate()
        worker.wait(timeout=60)


def uploads(store: ObjectStore) -> list[str]:
    return [found.address.key for found in store.objects_under(ObjectAddress(store.bucket, "uploads/"))]


@pytest.mark.usefixtures("scorer")
def test_a_dropped_file_is_scored_before_the_eyes_and_its_bad_rows_say_why(
    chromium: Browser, console: Console, tmp_path: Path
) -> None:
    orders = tmp_path / "our orders.csv"
    orders.write_text(HEADER + GOOD * 20 + BAD + GOOD * 9)
    with visit(chromium, console.url) as seen:
        seen.open("/files")
        seen.page.locator("input[type=file]").set_input_files(orders)
        seen.page.wait_for_url("**/files/*-*")
        expect(seen.page.get_by_text("succeeded", exact=True)).to_be_visible(timeout=SCORED_MS)
        expect(seen.page.get_by_text("30 of 30 done")).to_be_visible()
        bad_row = seen.page.get_by_role("row").filter(has_text="customer_lat must be")
        expect(bad_row.get_by_role("cell").first).to_have_text("21 (line 22)")
        expect(seen.page.get_by_role("columnheader", name="prediction_lower")).to_be_visible()
        with seen.page.expect_download() as started:
            seen.page.get_by_role("link", name="Download the result").click()
        lines = Path(started.value.path()).read_text().splitlines()
        assert len(lines) == 31
        assert lines[0].endswith("prediction,prediction_lower,prediction_upper,error")


def test_a_file_without_a_column_is_refused_before_it_starts_and_not_kept(
    chromium: Browser, console: Console, store: ObjectStore, tmp_path: Path
) -> None:
    before = uploads(store)
    orders = tmp_path / "orders.csv"
    orders.write_text("seller_zip_code_prefix,customer_lat\n9350,-23.577\n")
    with visit(chromium, console.url) as seen:
        seen.open("/files")
        seen.page.locator("input[type=file]").set_input_files(orders)
        expect(seen.page.get_by_text("lacks column(s) customer_lng")).to_be_visible()
        assert uploads(store) == before


def test_an_address_that_is_not_there_is_refused_in_the_gateways_words(chromium: Browser, console: Console) -> None:
    with visit(chromium, console.url) as seen:
        seen.open("/files")
        seen.page.get_by_label("Input").fill("s3://delivery-time/nowhere.csv")
        seen.page.get_by_role("button", name="Check and start").click()
        expect(seen.page.get_by_text("s3://delivery-time/nowhere.csv does not exist")).to_be_visible()


def test_a_job_is_cancelled_from_its_page(
    chromium: Browser, console: Console, gateway: Gateway, store: ObjectStore, scorer: "subprocess.Popen[bytes]"
) -> None:
    address = ObjectAddress(store.bucket, "console/prefix/nobody-scores-this.csv")
    store.put(address, (HEADER + GOOD).encode())
    scorer.send_signal(signal.SIGSTOP)
    try:
        job = gateway.client.post("/batch-jobs", json={"input_uri": str(address)}).json()
        with visit(chromium, console.url) as seen:
            seen.open(f"/files/{job['id']}")
            seen.page.get_by_role("button", name="Cancel the job").click()
            expect(seen.page.get_by_text("cancelled", exact=True)).to_be_visible()
    finally:
        scorer.send_signal(signal.SIGCONT)
    assert gateway.client.get(f"/batch-jobs/{job['id']}").json()["status"] == "cancelled"


@pytest.mark.usefixtures("scorer")
def test_the_result_of_a_folder_comes_as_one_archive(console: Console, gateway: Gateway, store: ObjectStore) -> None:
    for name in ("a.csv", "b.csv"):
        store.put(ObjectAddress(store.bucket, f"console/folder/{name}"), (HEADER + GOOD * 3).encode())
    job = gateway.client.post("/batch-jobs", json={"input_uri": f"s3://{store.bucket}/console/folder/"}).json()
    wait_until(lambda: gateway.client.get(f"/batch-jobs/{job['id']}?wait=10").json()["finished_at"], SCORED_MS / 1e3)
    archive = zipfile.ZipFile(io.BytesIO(console.client.get(f"/files/{job['id']}/result").content))
    assert archive.testzip() is None
    rows = [line for name in archive.namelist() if name.endswith(".csv") for line in archive.read(name).splitlines()]
    assert len([row for row in rows if row.startswith(b"9350")]) == 6


def test_long_lists_of_jobs_come_a_page_at_a_time(chromium: Browser, console: Console, gateway: Gateway) -> None:
    for _ in range(22):
        cancelled(gateway.client)
    with visit(chromium, console.url, width=360) as seen:
        seen.open("/files")
        expect(seen.page.get_by_role("row")).to_have_count(21)
        newest = seen.page.get_by_role("row").nth(1).inner_text()
        seen.page.get_by_role("button", name="Older").click()
        expect(seen.page.get_by_role("button", name="Newer")).to_be_enabled()
        assert seen.page.get_by_role("row").nth(1).inner_text() != newest


def cancelled(client: httpx.Client) -> None:
    body = {"input_uri": "s3://delivery-time/console/prefix/nobody-scores-this.csv"}
    job = client.post("/batch-jobs", json=body).json()
    client.post(f"/batch-jobs/{job['id']}/cancel")
