"""A worker of a stack of its own, with one task, which touches a file."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from common.servers.queue import Queue
from common.settings import QueueSettings
from devstack.stack import Stack

HEARD_SECONDS = DEAF_SECONDS = 2
STOP_SECONDS, AFTER_CHILDREN_SECONDS = 3, 0.5

WORKER = f"""
import os, pathlib, sys, time
from celery import bootsteps
from common.servers.queue import Queue
from common.settings import QueueSettings, load
from common.worker import heartbeat, run, stop

heartbeat.HEARD_SECONDS, stop.AFTER_CHILDREN_SECONDS = {HEARD_SECONDS}, {AFTER_CHILDREN_SECONDS}
app = Queue(load(QueueSettings)).app("scorer")

@app.task(name="scorer.touch")
def touch(path, seconds=0):
    time.sleep(seconds)
    pathlib.Path(path).touch()

class Breaks(bootsteps.StartStopStep):
    def start(self, consumer):
        raise RuntimeError("broken")

if "BREAKS" in os.environ:
    app.steps["consumer"].add(Breaks)
pool = sys.argv[1]
run.run_worker(app, pool, concurrency=1, pool=pool, options=["--without-gossip", "--without-mingle"])
"""


@dataclass
class Worker:
    """A worker with one task, which touches a file; its queue has its pool's name."""

    stack: Stack
    pool: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.environment = {
            **os.environ,
            "QUEUE_URL": self.stack.queue_url,
            "WORKER_HEARTBEAT_FILE": str(self.heartbeat),
            "WORKER_DEAF_SECONDS": str(DEAF_SECONDS),
            "WORKER_STOP_SECONDS": str(STOP_SECONDS),
            "TMPDIR": str(self.folder),
            **self.settings,
        }
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-c", WORKER, self.pool]
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def health(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """The command by which Docker, Kubernetes and devstack ask."""
        command = [sys.executable, "-m", "common.worker.health", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True)

    def lives(self) -> bool:
        return self.health().returncode == 0

    def listens(self) -> bool:
        return self.health("--ready").returncode == 0

    @property
    def heartbeat(self) -> Path:
        return self.folder / "heartbeat"

    @property
    def name(self) -> str:
        """By which Celery's own commands reach it."""
        return f"scorer-{self.process.pid}@{socket.gethostname()}"

    def send(self, name: str, url: str = "", seconds: float = 0) -> None:
        """Have the worker touch a file of this name, after a while."""
        with self.app(url) as app:
            app.send_task("scorer.touch", [str(self.folder / name), seconds], queue=self.pool, retry=False)

    def did(self, name: str) -> Callable[[], bool]:
        return (self.folder / name).exists

    def app(self, url: str = "") -> Any:
        return Queue(QueueSettings(url=SecretStr(url or self.stack.queue_url))).app("sender")

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(20)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
