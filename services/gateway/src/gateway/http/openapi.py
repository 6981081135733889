"""What the OpenAPI document says beyond the routes' own: problems, security."""

import re
from typing import Any

from fastapi import FastAPI

from gateway.http.problems import Problem

DESCRIPTION = """\
Days from order to delivery: one prediction, many at once, batch jobs over files of the object store.

Errors are problem details (RFC 9457). A 503 says in `Retry-After` when to come back."""


def describe(app: FastAPI, keys: bool) -> None:
    """Complete the app's OpenAPI document; `keys` tells whether clients need an API key."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = generate()
        document["info"]["description"] = DESCRIPTION
        schemas = document["components"]["schemas"]
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs")
        schemas["Problem"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for operation in (each for path in document["paths"].values() for each in path.values()):
            said = operation.get("description", operation["summary"])
            operation["summary"] = re.split(r"[.;:]|, ", said, maxsplit=1)[0]
        if keys:
            document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            document["security"] = [{"key": []}]
        return document

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
