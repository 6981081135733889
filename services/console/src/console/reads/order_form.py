"""The order's fields as the gateway describes them, so that the form has whatever the gateway takes."""

import json
from dataclasses import dataclass
from typing import Any

from common.errors import InvalidInput
from console.gateway import Gateway

PATH = "/delivery_time"


@dataclass(frozen=True)
class FormField:
    """A field of the request. kind: integer, number, boolean, string, moment or json."""

    name: str
    kind: str
    required: bool
    hint: str
    example: str

    def parse(self, text: str) -> Any:
        """What was typed, as JSON has it; InvalidInput."""
        text = text.strip()
        try:
            match self.kind:
                case "integer":
                    return int(text)
                case "number":
                    return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
                case "boolean" | "json":
                    return json.loads(text)
        except ValueError:
            wanted = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
            raise InvalidInput(f"{self.name} must be {wanted.get(self.kind, 'JSON')} (got {text!r})") from None
        return text


async def order_form(gateway: Gateway) -> tuple[FormField, ...]:
    """The fields of one order, those of the example first; GatewayAway, Refused."""
    document = (await gateway.get(None, "/openapi.json")).json()
    schema = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return fields_of(schema, document)


def fields_of(schema: dict[str, Any], document: dict[str, Any]) -> tuple[FormField, ...]:
    """The fields of an object's schema."""
    order = _resolved(schema, document)
    required = set(order.get("required", []))
    example = (order.get("examples") or [{}])[0]
    found = [
        _field(name, _resolved(part, document), name in required, example.get(name))
        for name, part in order["properties"].items()
    ]
    return tuple(sorted(found, key=lambda field: (not field.required, not field.example)))


def request_of(fields: tuple[FormField, ...], typed: dict[str, str]) -> dict[str, Any]:
    """The request's body: fields left empty are left out; InvalidInput."""
    return {field.name: field.parse(typed[field.name]) for field in fields if typed.get(field.name, "").strip()}


def _field(name: str, schema: dict[str, Any], required: bool, example: Any) -> FormField:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    value = {**schema, **options[0]} if options else schema
    kind = value.get("type", "json")
    if value.get("format") == "date-time":
        kind = "moment"
    elif kind not in ("integer", "number", "boolean", "string"):
        kind = "json"
    shown = "" if example is None else example if isinstance(example, str) else json.dumps(example)
    return FormField(name, kind, required, str(value.get("description", "")), shown)


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found = document
    for name in schema["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found
