"""The first rows of a CSV result, from the object's first bytes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from common.servers.objects import ObjectAddress, ObjectStore

HEAD_BYTES = 64 * 1024
ROWS = 8


@dataclass(frozen=True)
class Preview:
    """Column names and up to ROWS rows, as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def preview(store: ObjectStore, output_uri: str) -> Preview | None:
    """The first rows; None for a data set. The store's errors."""
    address = ObjectAddress.split(output_uri)
    if address.key.endswith("/"):
        return None
    return first_rows(store.head(address, HEAD_BYTES))


def first_rows(head: bytes) -> Preview:
    """Header and whole rows of a CSV file's first bytes."""
    text = head.decode("utf-8-sig", errors="replace")
    if len(head) == HEAD_BYTES:
        text = text[: text.rfind("\n") + 1]
    lines = csv.reader(io.StringIO(text, newline=""))
    columns = tuple(next(lines, ()))
    rows: Sequence[tuple[str, ...]] = [tuple(row) for _, row in zip(range(ROWS), lines, strict=False)]
    return Preview(columns, tuple(row for row in rows if len(row) == len(columns)))
