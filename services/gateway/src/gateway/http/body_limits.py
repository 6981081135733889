"""Bodies as they come in: not longer than they may be, and inflated where the client compressed them."""

import zlib
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

ENCODINGS = {b"gzip": zlib.MAX_WBITS | 16, b"x-gzip": zlib.MAX_WBITS | 16, b"deflate": zlib.MAX_WBITS}
"""Content-Encodings that are taken, and zlib's name for the format."""

Count = Callable[[int], None]
"""Told how many bytes came in; may refuse them with an HTTPException."""


def measured(receive: Receive, most_bytes: int, count: Count) -> Receive:
    """`receive` for a body whose length was not announced: one that is too long is refused while it comes in."""
    left = most_bytes

    async def receive_measured() -> Message:
        nonlocal left
        message = await receive()
        size = len(message.get("body", b""))
        left -= size
        if left < 0:
            raise HTTPException(413, f"the body is longer than {most_bytes} bytes")
        count(size)
        return message

    return receive_measured


def inflated(receive: Receive, encoding: bytes, most_bytes: int, count: Count) -> Receive:
    """`receive` for a compressed body; `most_bytes` bounds what it becomes, and that is what is counted."""
    inflating = zlib.decompressobj(ENCODINGS[encoding])
    left = most_bytes

    async def receive_inflated() -> Message:
        nonlocal left
        message = await receive()
        if message["type"] != "http.request":
            return message
        try:
            body = inflating.decompress(message.get("body", b""), left + 1)
        except zlib.error as error:
            raise HTTPException(400, f"the body is not {encoding.decode()} as its Content-Encoding says") from error
        left -= len(body)
        if left < 0:
            raise HTTPException(413, f"the body inflates to more than {most_bytes} bytes")
        if not message.get("more_body") and not inflating.eof:
            raise HTTPException(400, f"the body ends before its {encoding.decode()} does")
        count(len(body))
        return {**message, "body": body}

    return receive_inflated
