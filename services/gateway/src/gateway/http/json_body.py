"""Reading a JSON body strictly, straight from its bytes into a model."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from gateway.http import problems

JSON = "application/json"

Body = TypeVar("Body", bound=BaseModel)


async def read(request: Request, body: type[Body]) -> Body:
    """The validated body; Refused (400, 415 or 422) says what is wrong with it."""
    content_type = request.headers.get("content-type", "")
    if content_type != JSON and content_type.partition(";")[0].strip().lower() != JSON:
        detail = f"send the body as {JSON} (got {content_type or 'no Content-Type'!r})"
        raise problems.Refused(problems.problem(415, "Unsupported media type", detail))
    try:
        return body.__pydantic_validator__.validate_json(await request.body())
    except ValidationError as error:
        raise problems.Refused(problems.invalid_request(error.errors(include_url=False))) from None
