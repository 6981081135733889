"""A container without a container runtime: bubblewrap gives a process its user, mounts and read-only root.

It is process 1 of its own process namespace, without rights, and finds the image's Python at /app. Its network is this
machine's.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.kubernetes.kubelet import Container
from support.kubernetes.manifests import Document

ROOT = Path(__file__).parents[3]
NOT_SHOWN = {"app", "data", "dev", "models", "proc", "run", "shop", "sys", "tmp"}
"""Top folders of this machine that no image has, or that a pod mounts."""


@dataclass(frozen=True)
class Stopped:
    """How a container ended after it was asked to."""

    code: int
    seconds: float


@dataclass(frozen=True)
class Running:
    """A container that was started. ports: where its ports are on this machine, by their names."""

    container: Container
    prefix: list[str]
    process: "subprocess.Popen[bytes]"
    pid: int
    log_file: Path
    ports: dict[str, int]

    def log(self) -> str:
        return self.log_file.read_text()

    def execute(
        self, command: Sequence[str], timeout: float = 60, stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """`kubectl exec`: a further process with the same variables and mounts."""
        return subprocess.run(
            [*self.prefix, *command],
            env=self.container.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def answers(self, probe: Document) -> bool:
        """Whether a probe succeeds, within the time that it gives."""
        seconds = probe.get("timeoutSeconds", 1)
        if "exec" in probe:
            try:
                return self.execute(probe["exec"]["command"], seconds).returncode == 0
            except subprocess.TimeoutExpired:
                return False
        wanted = probe["httpGet"]
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.ports[wanted['port']]}{wanted['path']}", timeout=seconds)
        except httpx.TransportError:
            return False
        return 200 <= answer.status_code < 400

    def ask_to_stop(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def stopped(self, asked_at: float) -> Stopped:
        """Wait for its end; as the kubelet, kill it when its time is over. asked_at: of time.monotonic()."""
        try:
            self.process.wait(max(0.0, asked_at + self.container.grace_seconds - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.end()
        return Stopped(self.process.wait(), time.monotonic() - asked_at)

    def end(self) -> None:
        self.process.kill()  # and with it goes all that it has started
        self.process.wait()


def start(container: Container, volumes: dict[str, Path], folder: Path, ports: dict[str, int]) -> Running:
    """Start a container, whose volumes are these folders; skips the test where there is no bubblewrap."""
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        pytest.skip("NOT RUN: there is no bubblewrap to start containers with")
    folder.mkdir(parents=True, exist_ok=True)
    passwd = folder / "passwd"
    passwd.write_text(
        f"root:x:0:0::/root:/bin/sh\ndelivery:x:{container.user}:{container.user}::/tmp:/usr/sbin/nologin\n"
    )
    prefix = [bubblewrap, *_isolated(container), *_root(), *_mounted(container, volumes), *_within_tmp()]
    prefix += [
        "--ro-bind",
        str(passwd),
        "/etc/passwd",
        "--dir",
        container.folder,
        "--remount-ro",
        "/",
        "--chdir",
        container.folder,
    ]
    log_file = folder / f"{container.pod}-{container.name}.log"
    reader, writer = os.pipe()
    with log_file.open("wb") as log, os.fdopen(reader, "rb") as told:
        process = subprocess.Popen(
            [*prefix, "--info-fd", str(writer), "--", *container.command],
            env=container.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writer],
        )
        os.close(writer)
        info = told.read()
    assert info, log_file.read_text()
    return Running(container, [*prefix, "--"], process, json.loads(info)["child-pid"], log_file, ports)


def _isolated(container: Container) -> list[str]:
    user = str(container.user)
    spaces = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    return [*spaces, "--as-pid-1", "--die-with-parent", "--uid", user, "--gid", user, "--cap-drop", "ALL"]


def _root() -> list[str]:
    """This machine's folders as the image's, with the present Python's environment at /app."""
    shown: list[str] = []
    for entry in sorted(Path("/").iterdir()):
        if entry.is_symlink():
            shown += ["--symlink", str(entry.readlink()), str(entry)]
        elif entry.is_dir() and entry.name not in NOT_SHOWN:
            shown += ["--ro-bind", str(entry), str(entry)]
    return [*shown, "--ro-bind", sys.prefix, "/app", "--proc", "/proc", "--dev", "/dev", "--dir", "/tmp"]


def _mounted(container: Container, volumes: dict[str, Path]) -> list[str]:
    return [
        part
        for path, (volume, read_only) in container.mounts.items()
        for part in ("--ro-bind" if read_only else "--bind", str(volumes[volume]), path)
    ]


def _within_tmp() -> list[str]:
    """A checkout that lies in /tmp is shown in the pod's own /tmp."""
    hidden = [path for path in (str(ROOT), sys.prefix, sys.base_prefix) if Path(path).is_relative_to("/tmp")]
    return [part for path in hidden for part in ("--ro-bind", path, path)]
