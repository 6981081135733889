import pytest

from common.errors import InvalidInput
from console.reads.order_form import FormField, fields_of, request_of

DOCUMENT = {"components": {"schemas": {"Lat": {"type": "number", "description": "degrees"}}}}
ORDER = {
    "required": ["lat", "zip"],
    "examples": [{"lat": -23.5, "zip": 9350}],
    "properties": {
        "when": {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
            "description": "or now",
        },
        "lat": {"$ref": "#/components/schemas/Lat"},
        "zip": {"type": "integer"},
        "facts": {"anyOf": [{"type": "object"}, {"type": "null"}]},
    },
}


def test_the_form_has_the_fields_of_the_schema_required_ones_first() -> None:
    assert fields_of(ORDER, DOCUMENT) == (
        FormField("lat", "number", True, "degrees", "-23.5"),
        FormField("zip", "integer", True, "", "9350"),
        FormField("when", "moment", False, "or now", ""),
        FormField("facts", "json", False, "", ""),
    )


def test_what_is_typed_becomes_what_json_has_and_empty_fields_are_left_out() -> None:
    typed = {"lat": " -23,5 ", "zip": "09350", "when": "", "facts": '{"carrier": "dhl"}'}
    assert request_of(fields_of(ORDER, DOCUMENT), typed) == {"lat": -23.5, "zip": 9350, "facts": {"carrier": "dhl"}}


@pytest.mark.parametrize(("field", "text", "words"), [("lat", "north", "a number"), ("zip", "1.5", "a whole number")])
def test_a_wrong_value_is_named(field: str, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"{field} must be {words}"):
        request_of(fields_of(ORDER, DOCUMENT), {field: text})
