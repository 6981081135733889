"""What a backup of a million predictions and a hundred jobs costs, and its restore into a new stack."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from sqlalchemy import text
from tests.bench.batch import made_up_csv
from tests.bench.large_log.made import Span, drop_actuals_indexes, fill_hot, index_actuals
from tests.support.model_fixtures import write_sample_bundle

from common.database.migrate import migrate
from common.servers.objects import ObjectAddress
from common.servers.registry import CHAMPION, MODEL_NAME
from common.settings import BatchSettings, DatabaseSettings, ObjectStoreSettings, QueueSettings, RegistrySettings
from devstack.backup.restore import restore
from devstack.backup.running import SERVERS
from devstack.backup.take import take
from devstack.servers.ports import pick_free
from devstack.settings import StackSettings
from devstack.stack import BUCKET, Stack
from devstack.supervision import control
from scorer import wiring
from scorer.settings import ScorerSettings
from scorer.wiring import Scorer

PREDICTIONS, JOBS, ROWS = 1_000_000, 100, 10_000
PORTS = ("postgres", "valkey", "s3", "mlflow", "gateway", "console")


def measure() -> dict[str, float]:
    """Seconds of either, and megabytes of the file. AssertionError if what comes back is not what was there."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "backup.tar.zst"
        source = _stack(Path(folder) / "source")
        with _up(source):
            _fill(source, Path(folder))
            before = _digests(source)
            begin = perf_counter()
            take(source, file, with_secrets=False, say=print)
            taken = perf_counter() - begin
        target = _stack(Path(folder) / "target")
        begin = perf_counter()
        restore(target, file, replace=False, say=print)
        restored = perf_counter() - begin
        with _up(target):
            assert _digests(target) == before
        return {"backup_s": taken, "backup_mb": file.stat().st_size / 1e6, "restore_s": restored}


def _stack(folder: Path) -> Stack:
    """A new stack, which the supervisor finds too."""
    variables = {"STACK_DIR": str(folder), **{f"{name.upper()}_PORT": str(pick_free()) for name in PORTS}}
    os.environ |= variables
    return Stack(StackSettings())


@contextmanager
def _up(stack: Stack) -> Iterator[None]:
    control.bring_up(stack, SERVERS, print)
    try:
        yield
    finally:
        control.take_down(stack)


def _scorer(stack: Stack) -> Scorer:
    os.environ |= {"MODE": "local", **stack.environment, "REGISTRY_TRUSTED_KEYS": ""}  # its model is signed by nobody
    client = wiring.client(DatabaseSettings(), ObjectStoreSettings(), QueueSettings(), BatchSettings())
    return wiring.scorer(client, ScorerSettings(), RegistrySettings(url="http://127.0.0.1:9"), BatchSettings())


def _fill(stack: Stack, scratch: Path) -> None:
    migrate(stack.database_url)
    models = stack.directory / "models" / MODEL_NAME
    write_sample_bundle(models / "1")
    (models / CHAMPION).write_text("1")
    scorer, now = _scorer(stack), datetime.now(UTC)
    drop_actuals_indexes(scorer.client.database.engine)
    fill_hot(scorer.client.database.engine, Span(0, PREDICTIONS, now - timedelta(days=90), now), now)
    index_actuals(scorer.client.database.engine)
    body = made_up_csv(ROWS)
    for number in range(JOBS):
        address = ObjectAddress(BUCKET, f"in/{number}.csv")
        scorer.client.store.put(address, body)
        job, _ = scorer.client.jobs.submit(str(address))
        scorer.tasks.run_job(job.id)
    jobs, _ = scorer.client.jobs.list_page("succeeded", limit=JOBS)
    assert len(jobs) == JOBS
    scorer.client.database.close()


def _digests(stack: Stack) -> tuple[object, ...]:
    """Of the log, and of every result."""
    scorer = _scorer(stack)
    with scorer.client.database.transaction() as session:
        log = session.execute(text("SELECT count(*), sum(hashtextextended(p::text, 0)) FROM predictions AS p")).one()
    jobs, _ = scorer.client.jobs.list_page("succeeded", limit=JOBS)
    results = {job.id: scorer.client.store.stat(ObjectAddress.split(job.output_uri)).etag for job in jobs}
    scorer.client.database.close()
    return tuple(log), results
