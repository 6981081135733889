"""How long `monitor backfill` takes over all weeks of history, and how fast the prediction log reaches Postgres."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from redis import Redis
from sqlalchemy import create_engine, text
from tests.support.model_fixtures import write_sample_bundle
from tests.support.olist_folder import prepare_olist
from tests.support.stack_fixtures import free_settings

from common.database.migrate import migrate
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.prediction_log import STREAM, LoggedPrediction, encode, new_ids
from common.servers.registry import CHAMPION, MODEL_NAME
from common.settings import ObjectStoreSettings, load
from devstack.servers import postgres, seaweedfs, valkey
from devstack.stack import Stack
from devstack.supervision.child import running
from monitor.log.consumer import LogConsumer
from trainer.data.settings import DataSettings
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.published.publish import publish_prepared

ENTRIES = 400
ROWS_PER_ENTRY = 500
NOBODY = "http://127.0.0.1:9"


def measure() -> dict[str, float]:
    """backfill_s: seconds over all weeks, from start to end of the command. log_ingest_rows_s: rows per second."""
    with TemporaryDirectory() as folder, servers(Path(folder) / "stack") as stack:
        return backfill(stack, Path(folder)) | ingest(stack)


def backfill(stack: Stack, folder: Path) -> dict[str, float]:
    """`monitor backfill` as a user runs it, on the data set in use (made-up orders when there is none)."""
    source = load(DataSettings).olist_dir
    if source is None:
        source = folder / "dataset"
        synthesize(Wanted(orders=40_000), source)
    prepare_olist(source, folder / "data" / "prepared")
    publish_prepared(folder / "data" / "prepared", HistoryStore(object_store(stack)))
    cache = folder / "models" / MODEL_NAME
    write_sample_bundle(cache / "1")
    (cache / CHAMPION).write_text("1")
    environment = stack.environment | {
        "REGISTRY_CACHE_DIR": str(folder / "models"),
        "REGISTRY_URL": NOBODY,
    }
    begin = perf_counter()
    subprocess.run([sys.executable, "-m", "monitor.cli", "backfill"], env=os.environ | environment, check=True)
    seconds = perf_counter() - begin
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"backfill_s": seconds, "backfill_rss_mb": megabytes, "backfill_weeks": _count(stack, "model_metrics")}


def object_store(stack: Stack) -> ObjectStore:
    """The stack's."""
    names = ("endpoint", "access_key", "secret_key", "bucket")
    return ObjectStore(
        ObjectStoreSettings(**{name: stack.environment[f"OBJECT_STORE_{name.upper()}"] for name in names})
    )


def ingest(stack: Stack) -> dict[str, float]:
    """A full stream, consumed until it is empty and every row is in Postgres."""
    now = datetime.now(UTC)
    engine = create_engine(stack.database_url)
    with Redis.from_url(stack.queue_url) as queue:
        for entry in range(ENTRIES):
            queue.xadd(STREAM, encode(_rows(entry, now)))
        consumer = LogConsumer(queue, engine)
        consumer.join_group()
        before = _count(stack, "predictions")
        begin = perf_counter()
        while consumer.consume_once():
            pass
        seconds = perf_counter() - begin
    engine.dispose()
    if (stored := _count(stack, "predictions") - before) != ENTRIES * ROWS_PER_ENTRY:
        raise AssertionError(f"{stored} predictions were stored of {ENTRIES * ROWS_PER_ENTRY}")
    return {"log_ingest_rows_s": ENTRIES * ROWS_PER_ENTRY / seconds}


def _rows(entry: int, now: datetime) -> Iterator[LoggedPrediction]:
    for number, id_ in enumerate(new_ids(ROWS_PER_ENTRY)):
        moment = now + timedelta(milliseconds=entry * ROWS_PER_ENTRY + number)
        where = (-23.577, -46.587)
        days = (8.85, 3.4, 19.6)
        request, order = f"{entry}-{number}", f"order-{entry}-{number}"
        yield LoggedPrediction(id_, moment, request, order, "1", "champion", 9350, *where, moment, *days, True, 0.4)


def _count(stack: Stack, table: str) -> int:
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        count = int(connection.scalar(text(f"SELECT count(*) FROM {table}")))  # noqa: S608
    engine.dispose()
    return count


@contextmanager
def servers(directory: Path) -> Iterator[Stack]:
    """Postgres with its tables, the queue and the object store, while the block runs."""
    stack = Stack(free_settings(directory))
    stack.create()
    with (
        running(postgres.process(stack), directory),
        running(valkey.process(stack), directory),
        running(seaweedfs.process(stack), directory),
    ):
        migrate(stack.database_url)
        yield stack
