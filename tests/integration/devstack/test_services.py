"""How the supervisor sees that a Celery worker is well."""

import os
import sys
from pathlib import Path

import pytest

from devstack import services
from devstack.errors import StackError
from devstack.servers.process import Process
from devstack.supervision.child import running

WORKER = """
import os
from celery import Celery
Celery(broker=os.environ["QUEUE_URL"]).worker_main(["worker", "--pool=prefork", "--concurrency=1", "--without-mingle"])
"""


def test_a_worker_is_well_once_it_answers_under_its_own_process_id(valkey_url: str, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    probe = services.worker_probe(valkey_url)
    env = {**os.environ, "QUEUE_URL": valkey_url}
    worker = Process("scorer", [sys.executable, "-c", WORKER], env=env, probe=probe, start_seconds=30)
    with running(worker, tmp_path) as child:
        probe(child.pid)
        with pytest.raises(StackError, match="does not answer"):
            probe(os.getpid())
    with pytest.raises(StackError, match="does not answer"):
        probe(child.pid)
