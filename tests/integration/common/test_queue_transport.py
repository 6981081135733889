from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import kombu
import pytest

from common.servers.queue import SCORING, Queue
from common.settings import QueueSettings
from devstack.servers import valkey
from devstack.stack import Stack
from devstack.supervision.child import Child
from support.stack_fixtures import free_settings


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Child, Queue]]:
    """A Valkey of this test's own, to be killed, and the queue on it."""
    stack = Stack(free_settings(tmp_path / "stack"))
    stack.create()
    child = Child(valkey.process(stack), stack.directory)
    child.wait_ready()
    yield child, Queue(QueueSettings(url=stack.queue_url))
    child.stop()


def test_a_connection_lost_with_a_message_in_work_and_another_waited_for_is_closed_without_an_error(
    server: tuple[Child, Queue],
) -> None:
    child, queue_of_its_own = server
    app = queue_of_its_own.app("test")
    connection = app.connection_for_read()
    channel = connection.default_channel
    queue = kombu.Queue(SCORING)(channel)
    queue.declare()
    received: list[object] = []
    kombu.Consumer(channel, [queue], callbacks=[lambda _, message: received.append(message)]).consume()
    app.control.mailbox.Node("test@host", channel=connection.channel()).listen()  # as every worker does
    kombu.Producer(channel).publish({}, routing_key=SCORING)
    while not (received and channel._in_poll):
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.2)

    child.stop()

    connection.collect(socket_timeout=1)  # what Celery does when a connection is lost
    connection.close()
