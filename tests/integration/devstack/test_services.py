"""How the supervisor sees that a worker is well."""

import os
import signal
from pathlib import Path

import pytest

from common.worker.health import STALE_SECONDS
from devstack.errors import StackError
from devstack.services import processes
from devstack.supervision.child import running
from support.stack_fixtures import TestServers


def test_a_worker_is_well_while_it_writes_its_heartbeat(servers: TestServers, service_env: dict[str, str]) -> None:
    assert service_env
    worker = next(process for process in processes(servers.stack) if process.name == "scorer-1")
    heartbeat = Path(worker.env["WORKER_HEARTBEAT_FILE"])
    with running(worker, servers.stack.directory) as child:
        assert heartbeat.read_text() == "listening"
        worker.probe(child.pid)
        os.kill(child.pid, signal.SIGSTOP)
        os.utime(heartbeat, (0, heartbeat.stat().st_mtime - STALE_SECONDS))
        with pytest.raises(StackError, match="dead, stuck or deaf"):
            worker.probe(child.pid)
        os.kill(child.pid, signal.SIGKILL)
