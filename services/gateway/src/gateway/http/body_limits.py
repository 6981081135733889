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
    inflating = Inflating(encoding)
    left = most_bytes

    async def receive_inflated() -> Message:
        nonlocal left
        message = await receive()
        if message["type"] != "http.request":
            return message
        try:
            body = inflating.inflate(message.get("body", b""), left + 1)
        except zlib.error as error:
            raise HTTPException(400, f"the body is not {encoding.decode()} as its Content-Encoding says") from error
        left -= len(body)
        if left < 0:
            raise HTTPException(413, f"the body inflates to more than {most_bytes} bytes")
        if not message.get("more_body") and not inflating.whole:
            raise HTTPException(400, f"the body ends before its {encoding.decode()} does")
        count(len(body))
        return {**message, "body": body}

    return receive_inflated


class Inflating:
    """A compressed stream: of gzip, one member or several; of deflate, with zlib's header as the standard has it or
    without, as many send it."""

    def __init__(self, encoding: bytes) -> None:
        self._encoding = encoding
        self._stream = zlib.decompressobj(ENCODINGS[encoding])
        self._begun = False

    @property
    def whole(self) -> bool:
        """Whether the stream has ended."""
        return self._stream.eof

    def inflate(self, block: bytes, most: int) -> bytes:
        """The next of it, up to `most` bytes; zlib.error."""
        if block and not self._begun:
            self._begun = True
            if self._encoding == b"deflate" and block[0] & 0x0F != zlib.DEFLATED:
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        text = self._stream.decompress(block, most)
        while self._stream.eof and (more := self._stream.unused_data.lstrip(b"\0")) and len(text) < most:
            self._stream = zlib.decompressobj(ENCODINGS[self._encoding])
            text += self._stream.decompress(more, most - len(text))
        return text
