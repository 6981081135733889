"""Reading a JSON body strictly, straight from its bytes."""

from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.http import problems

JSON = "application/json"
_CONTENT_TYPE = (b"content-type", JSON.encode())

FAULTS = "faults"
"""In the scope of a request whose body was refused: how many faults it has, for each costs time to find and tell."""

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}

LONG = 2**17
MOST_LISTS, MOST_VALUES = 25_000, 400_000
"""What a body longer than LONG may hold: objects and lists, which take 700 bytes each while they are read, and other
values, which take 60. The largest legal ones have 10,001 objects (actuals), and some 40 values an order."""

Body = TypeVar("Body")


class JsonResponse(Response):
    """A response of JSON that is bytes already, for two microseconds less than one of Starlette."""

    media_type = JSON

    def __init__(self, body: bytes) -> None:
        self.status_code, self.body, self.background = 200, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), _CONTENT_TYPE]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


async def read(request: Request, validated: Callable[[bytes], Body]) -> Body:
    """What `validated` makes of the body; Refused (400, 415, 422) or HTTPException (413) says what is wrong with it."""
    if _CONTENT_TYPE not in request.scope["headers"]:
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != JSON:
            detail = f"send the body as {JSON} (got {content_type or 'no Content-Type'!r})"
            raise problems.Refused(problems.problem(415, "Unsupported media type", detail))
    text = await _text(request)
    if len(text) > LONG and (text.count(b"{") + text.count(b"[") > MOST_LISTS or text.count(b",") > MOST_VALUES):
        most = f"{MOST_LISTS:,} objects and lists, or {MOST_VALUES:,} values"
        detail = f"the body holds more than {most}: send fewer at once"
        raise HTTPException(413, detail)
    if text[:1] in (b"\xef", b"\xff", b"\xfe"):
        text = _unmarked(text)
    try:
        return validated(text)
    except ValidationError as error:
        request.scope[FAULTS] = error.error_count()
        raise problems.Refused(problems.invalid_request(error.errors(include_url=False))) from None


async def _text(request: Request) -> bytes:
    """The body's bytes; ClientDisconnect. Most bodies come whole."""
    parts = []
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unmarked(text: bytes) -> bytes:
    """The text without the byte order mark that some writers put first; Refused if it says another encoding."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if text.startswith(mark):
            if encoding != "UTF-8":
                detail = f"the body is not valid JSON: it is {encoding} text, send UTF-8"
                raise problems.Refused(problems.problem(400, "Not JSON", detail))
            return text[len(mark) :]
    return text
