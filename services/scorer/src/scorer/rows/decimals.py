"""Numbers with a decimal comma, as spreadsheets of many countries write them into texts."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from common.orders.fields import FIELDS

DECIMAL_COMMA = r"^([ \t]*[+-]?)(?:([0-9]+),([0-9]*)|,([0-9]+))((?:[eE][+-]?[0-9]+)?[ \t]*)$"
GROUPS = r"^[ \t]*[+-]?[0-9]{1,3}(,[0-9]{3})+[ \t]*$"
"""`12,345` may be twelve thousand or twelve and a third: where both are possible, it stays a text."""

LEAST_GROUPED = 1_000


def with_points(columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """The columns, with points for decimal commas in the texts of numbers."""
    return {name: _pointed(name, column) for name, column in columns.items()}


def _pointed(name: str, column: pa.Array) -> pa.Array:
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not text or FIELDS[name].kind not in ("number", "whole") or not pc.any(pc.match_substring(column, ",")).as_py():
        return column
    pointed = pc.replace_substring_regex(column, DECIMAL_COMMA, r"\1\2.\3\4\5")
    if FIELDS[name].bounds[1] < LEAST_GROUPED:
        return pointed
    return pc.if_else(pc.match_substring_regex(column, GROUPS), column, pointed)
