"""What docs/api.md says of the order is what the code holds to."""

import re
from pathlib import Path

from common.orders.fields import FIELDS

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
KINDS = {"whole": "whole number", "number": "number", "moment": "moment", "text": "text"}
ROW = re.compile(r"^\| `(\w+)` \| ([\w ]+) \| ([^|]*)\|[^|]*\|$", re.MULTILINE)


def test_the_table_of_the_order_s_fields_is_complete_and_true() -> None:
    documented = [tuple(part.strip() for part in row) for row in ROW.findall(PAGE.read_text())]
    bounds = {
        field.name: f"{field.bounds[0]:g} to {field.bounds[1]:g}" if field.kind in ("whole", "number") else ""
        for field in FIELDS.values()
    }
    assert documented == [(field.name, KINDS[field.kind], bounds[field.name]) for field in FIELDS.values()]
