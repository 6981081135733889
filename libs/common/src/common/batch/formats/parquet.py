"""Parquet files. Their columns stand in the footer, which takes pyarrow to read: the scorer checks them."""

from dataclasses import dataclass

from common.batch.formats.format import Format, InputObject
from common.errors import UnreadableInput
from common.servers.objects import ObjectStore

MAGIC = b"PAR1"
LEAST_BYTES = 12
"""The magic at both ends, and the footer's length."""


@dataclass(frozen=True)
class ParquetFormat(Format):
    """Parquet; each group of row groups gives a part file."""

    def check(self, store: ObjectStore, found: InputObject) -> list[str]:
        """Check both ends."""
        where = str(found.address)
        if found.size < LEAST_BYTES:
            raise UnreadableInput(where, "is too short for a Parquet file")
        if (store.head(found.address, len(MAGIC)), store.tail(found.address, len(MAGIC))) != (MAGIC, MAGIC):
            raise UnreadableInput(where, "is not a whole Parquet file (its first and last bytes must be PAR1)")
        return []


PARQUET = ParquetFormat("parquet", ".parquet", result=".parquet", reading="row groups")
