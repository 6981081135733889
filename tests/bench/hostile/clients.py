"""Clients of the benchmark `fair`: `hostile/clients.py KIND PORT KEY SECONDS`, at full force but for the good one.

The good one prints its requests a second and the 99th percentile of its latency in milliseconds.
"""

import asyncio
import contextlib
import json
import socket
import sys
import time

import uvloop

HOST = "127.0.0.1"
ORDER = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
ONE, MANY = json.dumps(ORDER).encode(), json.dumps({"orders": [ORDER] * 1_000}).encode()
FAULTS = b"{" + b",".join(b'"%x":1' % number for number in range(90_000)) + b"}"
GOOD_RATE = 100.0
POLL = "/batch-jobs/00000000-0000-0000-0000-000000000000?wait=30"


def request(path: str, key: str, body: bytes = b"") -> bytes:
    """A whole request."""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def answer(reader: asyncio.StreamReader) -> None:
    """Read one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    at = head.index(b"content-length:") + 15
    await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))


async def good(port: int, key: str, until: float) -> None:
    """Asks GOOD_RATE times a second, by one connection."""
    reader, writer = await asyncio.open_connection(HOST, port)
    seconds, sent, begun = list[float](), request("/delivery_time", key, ONE), time.monotonic()
    due = begun
    while due < until:
        await asyncio.sleep(max(due - time.monotonic(), 0))
        started = time.monotonic()
        if started > until:
            break
        writer.write(sent)
        await answer(reader)
        seconds.append(time.monotonic() - started)
        due += 1 / GOOD_RATE
    seconds.sort()
    print(len(seconds) / (time.monotonic() - begun), seconds[int(len(seconds) * 0.99)] * 1e3)


async def asking(port: int, sent: bytes, until: float, anew: bool = False) -> None:
    """Asks again as soon as the answer is there; connects anew when it is cut off, or each time."""
    while time.monotonic() < until:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                while time.monotonic() < until:
                    writer.write(sent)
                    await asyncio.wait_for(answer(reader), max(until - time.monotonic(), 0.01))
                    if anew:
                        break
            finally:
                writer.close()


async def holding(port: int, sent: bytes, until: float) -> None:
    """Sends and reads nothing, again and again."""
    while time.monotonic() < until:
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            with contextlib.suppress(OSError, TimeoutError):
                await loop.sock_connect(connection, (HOST, port))
                await asyncio.wait_for(loop.sock_sendall(connection, sent), 1)
                await asyncio.sleep(min(3, max(until - time.monotonic(), 0)))


async def main(kind: str, port: int, key: str, seconds: float) -> None:
    """Be such a client."""
    until = time.monotonic() + seconds
    slow = request("/delivery_time", key, ONE)[:-5]
    clients = {
        "good": lambda: [good(port, key, until)],
        "metrics": lambda: [asking(port, request("/metrics", ""), until) for _ in range(300)],
        "documents": lambda: [asking(port, request("/openapi.json", ""), until) for _ in range(300)],
        "wrong keys": lambda: [asking(port, request("/delivery_time", "dt_wrong", ONE), until) for _ in range(300)],
        "connections": lambda: [asking(port, request("/livez", ""), until, anew=True) for _ in range(50)],
        "pipelines": lambda: [holding(port, request("/openapi.json", "") * 200, until) for _ in range(270)],
        "slow senders": lambda: [holding(port, slow, until) for _ in range(300)],
        "polls": lambda: [asking(port, request(POLL, key), until) for _ in range(300)],
        "singles": lambda: [asking(port, request("/delivery_time", key, ONE), until) for _ in range(64)],
        "bulk": lambda: [asking(port, request("/delivery_times", key, MANY), until) for _ in range(64)],
        "faults": lambda: [asking(port, request("/delivery_time", key, FAULTS), until) for _ in range(8)],
    }
    await asyncio.gather(*clients[kind]())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
