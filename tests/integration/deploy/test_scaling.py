"""Scorers follow the chunks that are left: KEDA's trigger on real tables, and what the cluster makes of it."""

import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from sqlalchemy import text

from common.database.session import Database
from common.database.tables.batch import BatchChunk, BatchJob
from scorer.settings import ScorerSettings

FOLDER = Path(__file__).parents[3] / "deploy/kubernetes"
SCALED, SECRETS = (
    next(each for each in yaml.safe_load_all((FOLDER / "base/scorer.yaml").read_text()) if each["kind"] == kind)
    for kind in ("ScaledObject", "TriggerAuthentication")
)
SPEC: dict[str, Any] = SCALED["spec"]
(TRIGGER,) = SPEC["triggers"]
SETTINGS = dict(line.split("=", 1) for line in (FOLDER / "overlays/production/settings.env").read_text().splitlines())
THREADS = ScorerSettings().threads
TOKENS = int(SETTINGS["SCORER_TOKENS"])
MINUTE = 60


@pytest.fixture
def job(database: Database) -> Iterator[UUID]:
    """A running job beside a cancelled one, whose five hundred chunks nobody will score."""
    running, cancelled = uuid4(), uuid4()
    with database.transaction() as session:
        session.execute(text("DELETE FROM batch_jobs"))
        for id_, status in ((running, "running"), (cancelled, "cancelled")):
            session.add(BatchJob(id=id_, status=status, input_uri="s3://b/i", output_uri=f"s3://b/{id_}"))
    add_chunks(database, cancelled, 500)
    yield running
    with database.transaction() as session:
        session.execute(text("DELETE FROM batch_jobs"))


def add_chunks(database: Database, job: UUID, count: int) -> None:
    with database.transaction() as session:
        session.add_all(BatchChunk(job_id=job, number=number, source={}, output=0, bytes=1) for number in range(count))


def score(database: Database, job: UUID, upto: int) -> None:
    with database.transaction() as session:
        scored = "UPDATE batch_chunks SET status = 'succeeded' WHERE job_id = :job AND number < :upto"
        session.execute(text(scored), {"job": job, "upto": upto})


def asked_for(database: Database) -> int:
    """What KEDA makes of the trigger's answer: so many scorers that each has its share of it."""
    with database.transaction() as session:
        waiting = session.execute(text(TRIGGER["metadata"]["query"])).scalar_one()
    wanted = math.ceil(waiting / int(TRIGGER["metadata"]["targetQueryValue"]))
    return int(min(max(wanted, SPEC["minReplicaCount"]), SPEC["maxReplicaCount"]))


@pytest.mark.parametrize(("scored", "scorers"), [(0, 10), (60, 5), (84, 2), (95, 1), (100, 1)])
def test_scorers_are_asked_for_by_the_chunks_that_are_left_of_running_jobs(
    database: Database, job: UUID, scored: int, scorers: int
) -> None:
    add_chunks(database, job, 100)
    score(database, job, scored)
    assert asked_for(database) == scorers


@pytest.mark.parametrize(("chunks", "most"), [(16, 2), (40, 5), (2_000, 10)])
def test_a_job_gets_the_scorers_that_it_asks_for_all_of_them_work_and_they_go_again(
    database: Database, job: UUID, chunks: int, most: int
) -> None:
    """Minute by minute: a thread scores a chunk, and the autoscaler adds at once but takes away one by one."""
    behaviour = SPEC["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    (policy,) = behaviour["policies"]
    asked = deque[int](maxlen=1 + behaviour["stabilizationWindowSeconds"] // MINUTE)
    add_chunks(database, job, chunks)
    scorers, done, seen = 1, 0, []
    for _ in range(chunks):
        asked.append(asked_for(database))
        fewest = max(*asked, scorers - policy["value"] * MINUTE // policy["periodSeconds"])
        scorers = max(asked[-1], min(scorers, fewest))
        seen.append(scorers)
        at_work = min(scorers * THREADS, TOKENS, chunks - done)
        assert at_work == min(scorers * THREADS, chunks - done), "tokens keep scorers from work that is there"
        done += at_work
        score(database, job, done)
        if done == chunks and scorers == 1:
            break
    assert max(seen) == most
    assert seen[0] == most
    assert seen[-1] == 1


def test_keda_finds_the_secret_under_the_name_that_kustomize_gives_it() -> None:
    (reference,) = yaml.safe_load((FOLDER / "base/references.yaml").read_text())["nameReference"]
    assert reference == {
        "kind": "Secret",
        "fieldSpecs": [{"kind": "TriggerAuthentication", "path": "spec/secretTargetRef/name"}],
    }
    assert SECRETS["spec"]["secretTargetRef"] == [{"parameter": "connection", "name": "secrets", "key": "DATABASE_URL"}]
    assert TRIGGER["type"] == "postgresql"
    assert TRIGGER["authenticationRef"]["name"] == SECRETS["metadata"]["name"]
