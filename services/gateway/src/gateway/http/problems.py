"""Errors as problem details (RFC 9457): what is wrong, with a JSON pointer for each field of the body at fault."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails, to_json
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from common.errors import DeliveryTimeError
from common.orders.fields import LOCATION_FAULT
from common.orders.names import ZIP_CODE_PREFIX
from gateway.http.database_errors import reason_of
from gateway.http.suggestions import LISTS, instead_of

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
"""How long a client should wait after a 503: a few polls of the registry or of the database."""
SHOWN_CHARACTERS = 60
SHOWN_FIELDS = 100
WHOLE = ("int_type", "int_parsing")
SUGGESTED = 5
"""Faults for which a suggestion is looked for: a body may have a hundred thousand."""


class FieldProblem(BaseModel):
    """One field at fault."""

    pointer: str | None = Field(None, description="where in the body, a JSON pointer as a URI fragment")
    parameter: str | None = Field(None, description="or which query parameter, header or part of the path")
    detail: str


class Problem(BaseModel):
    """Problem details, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = None


class Refused(Exception):
    """A request that is answered with this problem and no more."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems, beside those that every route may."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in sorted({400, 401, 403, 429, 500, 503, *statuses})
    }


def problem(
    status: int,
    title: str,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response; 503 says when to come back."""
    body = {"type": f"urn:delivery-time:{_slug(title)}", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = list(errors)
    waiting = {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(to_json(body), status, {**waiting, **(headers or {})}, MEDIA_TYPE)


def lacking(key: str, scope: str) -> Response:
    """The problem of a key without a scope."""
    return problem(HTTPStatus.FORBIDDEN, "Forbidden", f"key {key!r} lacks the scope {scope!r}")


def from_error(error: DeliveryTimeError) -> Response:
    """One of the project's own errors."""
    return problem(error.status, error.title, str(error))


def invalid_request(errors: Iterable[ErrorDetails]) -> Response:
    """The faults that pydantic reports: 400 if the body is no JSON at all, else 422 with up to 100 fields at fault."""
    faults = list(errors)
    unreadable = [error for error in faults if error["type"] == "json_invalid"]
    if unreadable:
        reason = unreadable[0].get("ctx", {}).get("error", unreadable[0]["msg"])
        reason += ": a number has no leading zeros" if reason.startswith("invalid number") else ""
        return problem(HTTPStatus.BAD_REQUEST, "Not JSON", f"the body is not valid JSON: {reason}")
    fields = [field for number, error in enumerate(faults) for field in _fields(error, number < SUGGESTED)]
    logger.info("invalid input: %s at %s", faults[0]["type"], next(iter(fields[0].values()))[:SHOWN_CHARACTERS])
    summary = fields[0]["detail"] + (f" (and {len(fields) - 1} more, see errors)" if len(fields) > 1 else "")
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid input", summary, fields[:SHOWN_FIELDS])


def response_to(request: Request, error: Exception) -> Response | None:
    """The problem that an error means to the client; None for an error that nobody foresaw."""
    match error:
        case Refused():
            return error.response
        case DeliveryTimeError():
            return from_error(error)
        case RequestValidationError():
            return invalid_request(error.errors())
        case DBAPIError() | PoolTimeout():
            if not (reason := reason_of(error)):
                return None
            logger.warning("the database %s: %s", reason, str(getattr(error, "orig", error)).strip())
            detail = f"the database {reason}: try again later"
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "Not ready", detail)
        case HTTPException():
            title = HTTPStatus(error.status_code).phrase
            detail = f"{request.method} {request.url.path}: {error.detail}; GET /docs shows the routes"
            return problem(error.status_code, title, detail, headers=error.headers)
        case _:
            return None


def install(app: FastAPI) -> None:
    """Answer every foreseen error of the app's routes with a problem, and pass on all others as they are."""

    async def handle(request: Request, error: Exception) -> Response:
        response = response_to(request, error)
        if response is None:
            raise error
        return response

    foreseen = (Refused, DeliveryTimeError, RequestValidationError, DBAPIError, PoolTimeout, HTTPException)
    for kind in (*foreseen, Exception):
        app.add_exception_handler(kind, handle)


def _fields(error: ErrorDetails, suggest: bool) -> Iterator[dict[str, str]]:
    """The field at fault; those of an order that does not say where it comes from or goes to.

    suggest: what may have been meant by a name that nobody knows.
    """
    if error["type"] == LOCATION_FAULT:
        for field, sentence in error["ctx"]["faults"]:
            place, location = _place((*error["loc"], field))
            yield {**place, "detail": ".".join(map(str, (*location[:-1], sentence)))}
        return
    place, location = _place(error["loc"])
    name = ".".join(map(str, location)) or "the body"
    unknown = suggest and error["type"] == "extra_forbidden"
    yield {**place, "detail": f"{name} {instead_of(str(location[-1]))}" if unknown else _sentence(name, error)}


def _place(location: tuple[int | str, ...]) -> tuple[dict[str, str], tuple[int | str, ...]]:
    if location and location[0] in ("query", "header", "path"):
        return {"parameter": str(location[-1])}, location[1:]
    location = location[1:] if location and location[0] == "body" else location
    tokens = [quote(str(part).replace("~", "~0").replace("/", "~1")) for part in location]
    return {"pointer": "#" + "".join(f"/{token}" for token in tokens)}, location


def _sentence(name: str, error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return f"{name} is required" + (f": send {LISTS[name]}" if name in LISTS else "")
        case "extra_forbidden":
            return f"{name} is not a known field: leave it out"
    if error["type"] in WHOLE and name.endswith(ZIP_CODE_PREFIX) and str(error["input"]).isdigit():
        bare = error["input"].lstrip("0")[:SHOWN_CHARACTERS]
        return f"{name} must be a number, without quotes and leading zeros: {bare}; as text it is origin_postal_code"
    wanted = error["msg"].partition(" should ")[2] or f"be {error['msg'].removeprefix('Value error, ')}"
    shown = "null" if error["input"] is None else repr(error["input"])
    shown = shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"
    return f"{name} must {wanted} (got {shown})"


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")
