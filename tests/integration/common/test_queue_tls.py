"""An address that says rediss:// means TLS for everybody who talks to the queue, with a certificate that is checked."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as NoConnection

from common.servers.queue import SCORING, Queue
from common.settings import QueueSettings
from devstack.stack import Stack
from support.faults import relay
from support.stack_fixtures import TestServers

NOT_TRUSTED = (NoConnection, OperationalError)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=queue -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True,
        capture_output=True,
    )
    return folder / "certificate.pem"


@pytest.fixture
def address(servers: TestServers, valkey_url: str, certificate: Path) -> Iterator[str]:
    """The queue's address, where nothing but TLS is spoken."""
    stack: Stack = servers.stack
    port = relay.encrypted(stack.settings.valkey_port, certificate, certificate.with_name("key.pem"))
    with port:
        yield f"rediss://:{stack.credentials.queue_password}@127.0.0.1:{port.getsockname()[1]}/0"


def by_client(queue: Queue) -> None:
    queue.client().ping()


def by_event_loop(queue: Queue) -> None:
    async def ping() -> None:
        async with queue.async_client() as client:
            await client.ping()

    asyncio.run(ping())


def by_celery(queue: Queue) -> None:
    with queue.app("sender") as app, app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        app.send_task("scorer.nothing", connection=connection, retry=False)


def by_length(queue: Queue) -> None:
    queue.waiting(SCORING)


@pytest.mark.parametrize("speak", [by_client, by_event_loop, by_celery, by_length])
def test_everybody_speaks_tls_and_checks_the_certificate_unless_told_otherwise(
    address: str, certificate: Path, speak: Callable[[Queue], None]
) -> None:
    speak(Queue(QueueSettings(url=f"{address}?ssl_ca_certs={certificate}")))
    speak(Queue(QueueSettings(url=f"{address}?ssl_cert_reqs=none")))
    with pytest.raises(NOT_TRUSTED):
        speak(Queue(QueueSettings(url=address)))
