"""Whatever the queue's server says or keeps to itself: nobody who wakes a worker fails by it, or waits long."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import uuid4

import pytest
from redis.exceptions import RedisError

from common.servers import queue
from common.servers.queue import Queue
from common.servers.queue_transport import Transport
from common.settings import QueueSettings


@contextmanager
def server(answer: bytes) -> Iterator[Queue]:
    """A queue whose server says this to whatever it is asked; nothing: it takes connections and stays silent."""
    kept: list[socket.socket] = []

    def serve(listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            kept.append(connection)
            if answer:
                Thread(target=say, args=(connection,), daemon=True).start()

    def say(connection: socket.socket) -> None:
        try:
            while connection.recv(65_536):
                connection.sendall(answer)
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=serve, args=(listening,), daemon=True).start()
        yield Queue(QueueSettings(url=f"redis://127.0.0.1:{listening.getsockname()[1]}/0"))
        listening.shutdown(socket.SHUT_RDWR)
    for connection in kept:
        connection.close()


@pytest.mark.parametrize(
    "answer",
    [b"-READONLY You can't write against a read only replica.\r\n", b"-NOREPLICAS Not enough good replicas.\r\n",
     b"-LOADING dataset in memory\r\n", b"-MASTERDOWN Link with MASTER is down\r\n", b"-MISCONF snapshots\r\n",
     b"-OOM used memory > 'maxmemory'\r\n", b"-BUSY running a script\r\n", b"-NOAUTH Authentication required.\r\n",
     b"-NOPERM no permissions\r\n", b"-ERR max number of clients reached\r\n", b"-CLUSTERDOWN The cluster is down\r\n",
     b"HTTP/1.1 503 Service Unavailable\r\n\r\n"],
)  # fmt: skip
def test_what_a_server_says_that_refuses_is_a_lost_connection_to_workers_and_senders(answer: bytes) -> None:
    with server(answer) as refusing:
        with pytest.raises(RedisError) as refused:
            refusing.client().lpush("scoring", "x")
        assert isinstance(refused.value, Transport.connection_errors)
        assert not refusing.wake(uuid4())


def test_a_server_that_says_nothing_keeps_no_sender_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PATIENCE_SECONDS", 0.1)
    with server(b"") as silent:
        begin = time.monotonic()
        assert not silent.wake(uuid4())
        assert time.monotonic() - begin < 5
