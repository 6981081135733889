"""A scorer host: own network, process numbers, host name and file system, joined to the servers by four addresses.

Run as a program, it is the first process of the host: it makes the network and the folders, then starts the worker.
Where the kernel forbids namespaces, a host is a worker with folders of its own.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support.faults import relay

NAMESPACES = (
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--uts",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
TESTS = Path(__file__).parents[2]
SET_FLAGS, UP = 0x8914, 0x1
"""ioctl(2): SIOCSIFFLAGS, and the flag of an interface that is up."""


def possible() -> bool:
    """Whether this kernel lets us make hosts."""
    return bool(shutil.which("unshare")) and subprocess.run([*NAMESPACES, "true"], capture_output=True).returncode == 0


@contextmanager
def scorer_host(
    name: str, folder: Path, sockets: Path, hidden: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A host with one worker, its own files in `folder`. It sees nothing inside `hidden`. To kill it is to pull its
    plug; its log is folder.log.
    """
    folder.mkdir()
    separate = possible()
    prefix, around = (NAMESPACES, [name, sockets, hidden, folder]) if separate else ((), [])
    own = {"HOME": str(folder), "TMPDIR": str(folder), "REGISTRY_CACHE_DIR": str(folder / "models")}
    with folder.with_suffix(".log").open("wb") as log:
        host = subprocess.Popen(
            [*prefix, sys.executable, "-m", "support.scorer.host", *map(str, around)],
            env={**os.environ, **environment, **own, "PYTHONPATH": str(TESTS)},
            stdout=log,
            stderr=log,
        )
    try:
        yield host
    finally:
        host.kill()
        host.wait()


def main(name: str, sockets: str, hidden: str, home: str) -> None:
    """Make the host around this process."""
    socket.sethostname(name)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SET_FLAGS, struct.pack("16sh", b"lo", UP))
    for folder in (hidden, home):
        subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    for path in Path(sockets).iterdir():
        relay.inside(path)


def work() -> None:
    """Run the worker to its end; the relays of `main` live in this process' threads meanwhile."""
    sys.exit(subprocess.run([sys.executable, "-m", "scorer.cli", "worker"]).returncode)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(*sys.argv[1:])
    work()
