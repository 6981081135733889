"""Numbers with a decimal comma, as spreadsheets of many countries write them into texts."""

import math
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from common.orders.fields import INPUTS
from common.orders.names import ON_TIME_SHARE
from common.orders.promises import MOST_SHARE

DECIMAL_COMMA = r"^([ \t]*[+-]?)(?:([0-9]+),([0-9]*)|,([0-9]+))((?:[eE][+-]?[0-9]+)?[ \t]*)$"
GROUPS = r"^[ \t]*[+-]?[0-9]{1,3}(,[0-9]{3})+[ \t]*$"
"""`12,345` may be twelve thousand or twelve and a third: where both are possible, it stays a text."""

LEAST_GROUPED = 1_000


def with_points(columns: Mapping[str, pa.Array], facts: Sequence[str], mark: str = ".") -> dict[str, pa.Array]:
    """The columns, with points for decimal commas in the texts of numbers; facts: the names of further numbers.

    mark: of most numbers of the file. Where it is a comma, that of a fact is one too.
    """
    numbers = {field.name: field.bounds[1] for field in INPUTS if field.kind in ("number", "whole")}
    largest = numbers | dict.fromkeys(facts, 0.0 if mark == "," else math.inf) | {ON_TIME_SHARE: MOST_SHARE}
    return {name: _pointed(column, largest[name]) if name in largest else column for name, column in columns.items()}


def _pointed(column: pa.Array, largest: float) -> pa.Array:
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not text or not pc.any(pc.match_substring(column, ",")).as_py():
        return column
    pointed = pc.replace_substring_regex(column, DECIMAL_COMMA, r"\1\2.\3\4\5")
    if largest < LEAST_GROUPED:
        return pointed
    return pc.if_else(pc.match_substring_regex(column, GROUPS), column, pointed)
