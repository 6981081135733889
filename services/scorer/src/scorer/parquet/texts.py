"""Columns of a Parquet file as what validation takes: plain values, and texts of UTF-8."""

import pyarrow as pa
import pyarrow.compute as pc

IS_TEXT = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
)
"""Texts, or bytes that are not marked as such: Impala and Hive leave the mark out."""


def plain(column: pa.Array) -> tuple[pa.Array, list[int]]:
    """The values of a column that may hold references to a dictionary, or views; the rows whose bytes are no UTF-8.

    Null stands for those.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary.take(column.indices)
    if not any(fits(column.type) for fits in IS_TEXT):
        return column, []
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = _cast(column, pa.large_string())
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        decoded = [_decoded(value) for value in column.cast(pa.large_binary()).to_pylist()]
        wrong = [row for row, text in enumerate(decoded) if text is None and column[row].is_valid]
        return pa.array(decoded, pa.large_string()), wrong
    return column, []


def whole_texts(folded: pa.DictionaryArray, kind: pa.DataType) -> pa.Array:
    """Texts of a type for references to a dictionary of them, whatever bytes they hold."""
    return _cast(folded.dictionary.take(folded.indices), kind)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return pc.cast(column, options=pc.CastOptions(kind, allow_invalid_utf8=True))


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
