"""What of a prefix is data: the one place that says so.

Hadoop's rule: a key with a component below the prefix that begins with `_` or `.` is no data. Folders `name=value` are
columns (Hive's partitions). A table whose log decides which of its files count cannot be read as a folder.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from urllib.parse import unquote

from common.errors import ObjectForbidden, TableInstead
from common.orders.fields import FIELDS
from common.orders.names import spelt
from common.servers.objects import ObjectAddress, ObjectStore

HIDDEN = ("_", ".")
NULL = "__HIVE_DEFAULT_PARTITION__"
"""Hive's name for the partition of rows without a value."""

LOGS = {
    "Delta": re.compile(r"(^|/)_delta_log/"),
    "Iceberg": re.compile(r"(^|/)metadata/([^/]+\.metadata\.json(\.gz)?|version-hint\.text)$"),
    "Hudi": re.compile(r"(^|/)\.hoodie/"),
    "Paimon": re.compile(r"(^|/)snapshot/(snapshot-\d+|LATEST)$"),
    "Spark stream": re.compile(r"(^|/)_spark_metadata/"),
}
"""Keys by which a table format is known that keeps a log of which files count."""

LOOKED_AT = 1_000
"""Keys of a folder above that are looked at: what the store lists at once."""

DEEPEST = 12
"""Folders between a table and its files: each is looked for logs in."""

MAY_LIE_IN_TABLE = re.compile(r"(?i:\.parquet$|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[^/]*$)")
"""Files that a table may be made of: Parquet, or another format under such a name as Spark's streams give."""

LOG_FOLDERS = ("_delta_log/", "metadata/", ".hoodie/", "snapshot/", "_spark_metadata/")


def is_hidden(inside: str) -> bool:
    """Whether a key, as it stands below its prefix, is no data."""
    return any(part.startswith(HIDDEN) for part in inside.split("/"))


def folder_of(inside: str) -> str:
    """The folders `name=value` of a key below its prefix, ending in a slash if there are any."""
    return "".join(f"{part}/" for part in inside.split("/")[:-1] if part.find("=") > 0)


def partitions(folder: str) -> dict[str, str | None]:
    """The columns that folders name, with their values; None for Hive's null."""
    pairs = [part.partition("=") for part in folder.split("/") if part.find("=") > 0]
    names = spelt([unquote(name) for name, _, _ in pairs], FIELDS)
    return {name: None if value == NULL else unquote(value) for name, (_, _, value) in zip(names, pairs, strict=True)}


def refuse_table(prefix: ObjectAddress, inside: str) -> None:
    """TableInstead if a key below a prefix belongs to the log of a table."""
    for name, log in LOGS.items():
        if log.search(inside):
            raise TableInstead(str(prefix), name)


def refuse_inside_table(store: ObjectStore, address: ObjectAddress) -> None:
    """TableInstead if a folder or file lies inside a table: its log stands in a folder above."""
    if not address.is_prefix and not MAY_LIE_IN_TABLE.search(address.key):
        return
    parts = address.key.removesuffix("/").split("/")
    for depth in range(max(0, len(parts) - DEEPEST), len(parts)):
        above = "".join(f"{part}/" for part in parts[:depth])
        for folder in LOG_FOLDERS:
            for first in islice(_visible(store, ObjectAddress(address.bucket, above + folder)), LOOKED_AT):
                refuse_table(address, first.removeprefix(above))


def _visible(store: ObjectStore, folder: ObjectAddress) -> Iterator[str]:
    """Keys in a folder; none if this service may not list it."""
    try:
        for stored in store.objects_under(folder):
            yield stored.address.key
    except ObjectForbidden:
        return


def columns_above(address: ObjectAddress) -> Mapping[str, ObjectAddress]:
    """The columns that the folders of an address itself name, each with the folder above, where it would count."""
    parts = address.key.split("/")[:-1]
    above = {
        unquote(part.partition("=")[0]): ObjectAddress(address.bucket, "".join(f"{name}/" for name in parts[:depth]))
        for depth, part in enumerate(parts)
        if part.find("=") > 0
    }
    return dict(zip(spelt([*above], FIELDS), above.values(), strict=True))
