"""The kinds of file that jobs take. A new one is a file of its own here and its line in FORMATS.

A format says by which ending it goes, how its head is checked at submission, and how the scorer reads it. What cuts and
scores a kind of file stands in the scorer, under the name that `Format.reading` has: another packing of CSV text needs
nothing there.
"""

from common.batch.formats.csv_gz import CSV_GZ
from common.batch.formats.csv_plain import CSV
from common.batch.formats.csv_zst import CSV_ZST
from common.batch.formats.format import Format, InputObject
from common.batch.formats.parquet import PARQUET

FORMATS: tuple[Format, ...] = (
    CSV,
    CSV_GZ,
    CSV_ZST,
    PARQUET,
)

ENDINGS = tuple(kind.ending for kind in FORMATS)

__all__ = ["ENDINGS", "FORMATS", "Format", "InputObject", "format_named", "format_of", "packed_format"]


def format_of(key: str) -> Format | None:
    """The format that a key's ending names, in small letters or capitals; None for any other ending."""
    return next((kind for kind in FORMATS if key.lower().endswith(kind.ending)), None)


def packed_format(kind: Format, head: bytes) -> Format:
    """The format of a file that goes by one ending and begins with these bytes: text may be packed all the same."""
    if kind.reading != "spans":
        return kind
    return next((other for other in FORMATS if other.magic and head.startswith(other.magic)), kind)


def format_named(name: str) -> Format:
    """The format of this name, as it stands in the row of a chunk."""
    return next(kind for kind in FORMATS if kind.name == name)
