"""A lean load client: N connections, each sends the next request when the answer is there. Prints rate and p99.

Written here because wrk cannot be installed by pip, and Python's general clients take longer than the server.
"""

import asyncio
import json
import os
import sys
import time
from typing import cast

import uvloop


class Connection(asyncio.Protocol):
    """One connection that asks again and again until `until`, and notes the seconds of each answer."""

    def __init__(self, request: bytes, until: float, seconds: list[float]) -> None:
        self._request = request
        self._until = until
        self._seconds = seconds
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none of asyncio's
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return
        length = self._received.lower().index(b"content-length:") + len(b"content-length:")
        end = head + 4 + int(self._received[length : self._received.index(b"\r\n", length)])
        if len(self._received) < end:
            return
        if not self._received.startswith(b"HTTP/1.1 200"):
            print(f"not answered with 200: {bytes(self._received[:400])!r}", file=sys.stderr, flush=True)
            os._exit(1)  # uvloop keeps a SystemExit of a callback to itself
        self._seconds.append(time.perf_counter() - self._asked)
        self._received.clear()
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)


async def load(port: int, path: str, body: bytes, connections: int, seconds: float) -> dict[str, float]:
    """Requests a second, and the 99th percentile of their latency in ms."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    taken: list[float] = []
    until = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(request, until, taken), "127.0.0.1", port)
        for _ in range(connections)
    ]
    started = time.perf_counter()
    while not all(transport.is_closing() for transport, _ in opened):
        await asyncio.sleep(0.01)
    taken.sort()
    return {"rate": len(taken) / (time.perf_counter() - started), "p99_ms": taken[int(len(taken) * 0.99)] * 1e3}


if __name__ == "__main__":
    core, port, path, connections, seconds = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    body = sys.stdin.buffer.read()
    print(json.dumps(uvloop.run(load(int(port), path, body, int(connections), float(seconds)))))
