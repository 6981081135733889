"""Batch jobs against the least that could be done, against the original's way, and against themselves doubled.

The floor is reading the object once, writing the result once, and parsing, predicting and serialising in one process
in memory, one after the other. BENCH_BATCH_ROWS sets the size of the file (5 M rows by default).
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import TypeVar
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
from catboost import CatBoost
from sqlalchemy import func, select
from tests.support.model_fixtures import codes_of, made_up_orders, write_sample_bundle

from common.batch.formats.csv_text import parse_header
from common.batch.jobs import OPEN
from common.database.migrate import migrate
from common.database.tables import BatchJob
from common.model import bundle
from common.model.predictor import Predictor
from common.orders.orders import Orders
from common.servers.objects import ObjectAddress
from common.servers.registry import CHAMPION, MODEL_NAME
from common.worker.health import LISTENING, read
from devstack.servers import postgres, seaweedfs, valkey
from devstack.servers.ports import pick_free
from devstack.settings import StackSettings
from devstack.stack import BUCKET, Stack
from devstack.supervision.child import running
from scorer import wiring
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import score_text
from scorer.wiring import Client

ROWS = int(os.environ.get("BENCH_BATCH_ROWS", "5000000"))
ORIGINAL_ROWS = min(ROWS, 1_000_000)
"""The original's way is measured on the head of the file, in rows a second: it needs a minute and 2 GB for 5 M rows."""

SMALL_JOBS, SMALL_ROWS = 1_000, 100
BLOCK_ROWS = 300_000
Result = TypeVar("Result")
URI = f"s3://{BUCKET}/bench/orders.csv"


def measure() -> dict[str, float]:
    """The figures of the contract, and the seconds behind them."""
    with ExitStack() as stack:
        folder = stack.enter_context(_servers())
        client = wiring.client_from_environment()
        stack.callback(client.database.close)
        text = made_up_csv(ROWS)
        _upload(client, "bench/orders.csv", text)
        head = text[: text.index(b"\n", len(text) * ORIGINAL_ROWS // ROWS - 100) + 1]
        model = folder / "models" / MODEL_NAME / "1"
        read_s, compute_s, write_s = floor(client, model, len(text))
        original_s, original_rows = original(client, model, head)
        scaling = compute_scaling(model, text[: 32 * 2**20])
        del text, head
        with _worker() as worker:
            job_s = run_job(client)
            rss_mb = _peak_mb(worker.pid)
            small_s = run_small_jobs(client)
    return {
        "batch_vs_floor": job_s / (read_s + compute_s + write_s),
        "batch_vs_original": (ROWS / job_s) / (original_rows / original_s),
        "batch_rss_mb": rss_mb,
        "batch_scaling_2": scaling,
        "small_jobs_s": small_s,
        "batch_rows": ROWS,
        "batch_job_s": job_s,
        "batch_floor_read_s": read_s,
        "batch_floor_compute_s": compute_s,
        "batch_floor_write_s": write_s,
        "batch_rows_per_s": ROWS / job_s,
        "batch_original_rows_per_s": original_rows / original_s,
    }


def floor(client: Client, model: Path, size: int) -> tuple[float, float, float]:
    """Seconds to read the object, to parse, predict and serialise it in memory, and to write the result: once each."""
    predictor = _predictor(model)
    read_s, text = _timed(lambda: _download(client, "bench/orders.csv"))
    if len(text) != size:
        raise AssertionError(f"the store gave {len(text)} of {size} bytes")
    compute_s, result = _timed(lambda: _in_memory(text, predictor))
    write_s, _ = _timed(lambda: _upload(client, "bench/floor.csv", result))
    return read_s, compute_s, write_s


def original(client: Client, model: Path, head: bytes) -> tuple[float, int]:
    """Seconds and rows of pandas `read_csv` from the store, `predict` on a data frame, `to_csv` to the store."""
    _upload(client, "bench/head.csv", head)
    loaded = CatBoost().load_model(str(model / "model.cbm"))
    names = bundle.load(model, "1").manifest.feature_names

    def as_frame(columns: np.ndarray) -> np.ndarray:
        return loaded.predict(pd.DataFrame(columns, columns=names[: columns.shape[1]]), thread_count=1)

    predictor = Predictor(bundle.load(model, "1"), raw=as_frame)

    def run() -> int:
        frame = pd.read_csv(io.BytesIO(_download(client, "bench/head.csv")))
        frame["prediction"] = predictor.predict(_orders(frame)).days
        _upload(client, "bench/original.csv", frame.to_csv(index=False).encode())
        return len(frame)

    return _timed(run)


def compute_scaling(model: Path, text: bytes) -> float:
    """Rows a second of two processes that score text, over one's: the part of the work that is not the store's."""
    text = text[: text.rindex(b"\n") + 1]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_score, [model] * 2, [text[:100_000]] * 2))
        one_s, _ = _timed(lambda: list(pool.map(_score, [model] * 2, [text, b""])))
        two_s, _ = _timed(lambda: list(pool.map(_score, [model] * 2, [text] * 2)))
    return 2 * one_s / two_s


def run_job(client: Client) -> float:
    """Seconds from the submission of the file to its job's success."""
    begin = time.perf_counter()
    job_id = _submit(client)
    while (job := client.jobs.get(job_id)).status in OPEN:
        time.sleep(0.05)
    seconds = time.perf_counter() - begin
    if (job.status, job.rows_total, job.rows_failed) != ("succeeded", ROWS, 0):
        raise AssertionError(f"the job ended as {job.status} with {job.rows_total} rows: {job.error}")
    return seconds


def run_small_jobs(client: Client) -> float:
    """Seconds from the first submission of many small jobs to the last one's success."""
    _upload(client, "bench/orders.csv", made_up_csv(SMALL_ROWS))
    begin = time.perf_counter()
    for _ in range(SMALL_JOBS):
        _submit(client)
    while _count(client, *OPEN):
        time.sleep(0.2)
    seconds = time.perf_counter() - begin
    if _count(client, "succeeded") != SMALL_JOBS + 1:
        raise AssertionError(f"{_count(client, 'succeeded') - 1} of {SMALL_JOBS} small jobs succeeded")
    return seconds


def made_up_csv(rows: int) -> bytes:
    """A CSV text of orders with their purchase times."""
    sink = io.BytesIO()
    for start in range(0, rows, BLOCK_ROWS):
        orders = made_up_orders(min(BLOCK_ROWS, rows - start), seed=start)
        table = pa.table(
            {
                "seller_zip_code_prefix": codes_of(orders),
                "customer_lat": np.round(orders.numbers["destination_lat"], 6),
                "customer_lng": np.round(orders.numbers["destination_lng"], 6),
                "purchase_timestamp": orders.purchase_timestamp,
            }
        )
        pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=start == 0, quoting_style="none"))
    return sink.getvalue()


def _in_memory(text: bytes, predictor: Predictor) -> bytes:
    """One process, everything at once: pyarrow reads and writes, CatBoost predicts."""
    table = pa_csv.read_csv(io.BytesIO(text), pa_csv.ReadOptions(use_threads=False))
    predicted = predictor.predict(Orders.of_columns({name: table.column(name) for name in table.column_names}))
    for name in ("days", "lower_days", "upper_days"):
        table = table.append_column(name, pa.array(np.round(getattr(predicted, name), 2)))
    sink = io.BytesIO()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(quoting_style="none"))
    return sink.getvalue()


def _orders(frame: pd.DataFrame) -> Orders:
    return Orders.of_columns(frame.assign(purchase_timestamp=pd.to_datetime(frame["purchase_timestamp"])))


def _predictor(model: Path) -> Predictor:
    loaded = CatBoost().load_model(str(model / "model.cbm"))
    return Predictor(bundle.load(model, "1"), raw=lambda columns: loaded.predict(columns, thread_count=1))


def _score(model: Path, text: bytes) -> int:
    if not text:
        return 0
    header = parse_header(text[:1_000], "bench", whole=True)
    return score_text(text[header.length :], Layout.of(header.names), _predictor(model), datetime.now(UTC)).rows


def _submit(client: Client) -> UUID:
    job, _ = client.jobs.submit(URI)
    client.queue.wake(job.id)
    return job.id


def _upload(client: Client, key: str, body: bytes) -> None:
    """As boto uploads a file: in parts, side by side."""
    with NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        client.store.upload(ObjectAddress(BUCKET, key), Path(file.name), lambda _: None)


def _download(client: Client, key: str) -> bytes:
    stored = client.store.stat(ObjectAddress(BUCKET, key))
    return client.store.read(stored.address, 0, stored.size, stored.etag)


def _count(client: Client, *statuses: str) -> int:
    with client.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(BatchJob).where(BatchJob.status.in_(statuses))) or 0


def _timed(action: Callable[[], Result]) -> tuple[float, Result]:
    begin = time.perf_counter()
    result = action()
    return time.perf_counter() - begin, result


def _peak_mb(pid: int) -> float:
    """The most memory a process has had resident, MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def _worker() -> Iterator[subprocess.Popen[bytes]]:
    """One scorer with its ordinary settings, ready to work."""
    with TemporaryDirectory(prefix="bench-") as folder:
        heartbeat = Path(folder) / "heartbeat"
        command = [sys.executable, "-m", "scorer.cli", "worker"]
        environment = {**os.environ, "WORKER_HEARTBEAT_FILE": str(heartbeat)}
        worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while read(heartbeat)[0] != LISTENING and worker.poll() is None:
                time.sleep(0.05)
            yield worker
        finally:
            worker.terminate()
            worker.wait(timeout=40)


@contextmanager
def _servers() -> Iterator[Path]:
    """Postgres, Valkey and the object store, a model in the disk cache, and this process's settings for them."""
    with TemporaryDirectory(prefix="bench-") as name, ExitStack() as started:
        ports = {port: pick_free() for port in ("postgres_port", "valkey_port", "s3_port")}
        stack = Stack(StackSettings(stack_dir=Path(name) / "stack", **ports))
        stack.create()
        for process in (postgres.process, valkey.process, seaweedfs.process):
            started.enter_context(running(process(stack), stack.directory))
        model = stack.directory / "models" / MODEL_NAME / "1"
        model.mkdir(parents=True)
        write_sample_bundle(model)
        (model.parent / CHAMPION).write_text("1")
        migrate(stack.database_url)
        os.environ.update({"MODE": "local", **stack.environment})
        yield stack.directory
