"""The decimal mark of a CSV file: a comma is one in many countries, where something else separates the columns."""

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from common.orders.fields import INPUTS

WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*")
WITH_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*")

LOOKED_AT = 1_000
"""Records from which the mark is known."""


def decimal_mark(text: str, names: Sequence[str], delimiter: str) -> str:
    """What the numbers in the first records of a file have for a decimal mark; a point if there are commas and points.

    It decides how predictions are written. Each number is read by its own mark.
    """
    if delimiter == ",":
        return "."
    places = [names.index(field.name) for field in INPUTS if field.kind == "number" and field.name in names]
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    comma = False
    with suppress(csv.Error):
        for record in islice(records, LOOKED_AT):
            numbers = [record[at] for at in places if at < len(record)]
            if any(map(WITH_POINT.fullmatch, numbers)):
                return "."
            comma = comma or any(map(WITH_COMMA.fullmatch, numbers))
    return "," if comma else "."
