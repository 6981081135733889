"""The entries of the prediction log that wait in the queue, and those that Postgres has refused.

All else in the queue only wakes workers, who find their work without it.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

from common.servers.prediction_log import REFUSED_STREAM, STREAM
from devstack.servers import valkey
from devstack.stack import Stack

STREAMS = (STREAM, REFUSED_STREAM)
AT_ONCE = 100


def waiting(stack: Stack, stream: str) -> Iterator[bytes]:
    """The entries of a stream, oldest first, some at a time, as JSON."""
    with valkey.client(stack) as queue:
        after = "-"
        while True:
            entries: Any = queue.xrange(stream, min=after, count=AT_ONCE)
            if not entries:
                return
            yield json.dumps([_as_text(fields) for _, fields in entries]).encode()
            after = f"({entries[-1][0].decode()}"


def put_back(stack: Stack, stream: str, entries: bytes) -> None:
    """Add such entries to a stream."""
    with valkey.client(stack) as queue, queue.pipeline(transaction=True) as pipeline:
        for fields in json.loads(entries):
            pipeline.xadd(stream, _as_bytes(fields))
        pipeline.execute()


def empty(stack: Stack) -> None:
    """Forget everything in the queue."""
    with valkey.client(stack) as queue:
        queue.flushall()


def _as_text(fields: dict[bytes, bytes]) -> dict[str, str]:
    return {b64encode(name).decode(): b64encode(value).decode() for name, value in fields.items()}


def _as_bytes(fields: dict[str, str]) -> dict[bytes, bytes]:
    return {b64decode(name): b64decode(value) for name, value in fields.items()}
