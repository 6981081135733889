"""What a chunk reads, as it stands in its row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from common.batch.formats import InputObject, format_named
from common.batch.prefixes import partitions
from common.model.answers.further import Further, refuse_taken
from common.servers.objects import ObjectAddress


@dataclass(frozen=True)
class Source:
    """A span of an input object: bytes [start, end) of a CSV file, row groups [start, end) of a Parquet file, a packed
    CSV file from the end of its header.

    part: number of its first part in the output's upload. header: what the output begins with, if this chunk is its
    first; encoding: how it is read as text. columns, positions, delimiter, decimal: see csv.needed_columns.Layout.
    last: the file ends here. certain: the cuts come from reading the whole file. rows_needed: a file without a row is
    an error. lines_before: physical lines of the file before the chunk, if it is the first. folder: see InputObject.
    on_time_shares, details, wishes: see common.model.answers.further.
    """

    bucket: str
    key: str
    etag: str
    size: int
    format: str
    start: int
    end: int
    part: int = 1
    header: str | None = None
    columns: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    last: bool = True
    certain: bool = True
    rows_needed: bool = True
    folder: str = ""
    delimiter: str = ","
    decimal: str = "."
    lines_before: int = 0
    encoding: str = "utf-8"
    on_time_shares: Sequence[float] = ()
    details: bool = False
    wishes: Sequence[str] = ()

    @classmethod
    def of(cls, given: InputObject, start: int, end: int, **more: Any) -> Self:
        """A span of an input object."""
        address = given.address
        return cls(
            address.bucket,
            address.key,
            given.etag,
            given.size,
            given.format.name,
            start,
            end,
            folder=given.folder,
            **more,
        )

    def giving(self, further: Further) -> Self:
        """The same with further columns in its result; UnreadableInput if the input has columns of their names."""
        names = [*self.positions, *partitions(self.folder)]
        further = further.wished_by(names)
        refuse_taken(further, names, f"s3://{self.bucket}/{self.key}")
        header = self.header
        if header is not None and further.columns:
            line = header.rstrip("\r\n")
            header = self.delimiter.join([line, *further.columns]) + header[len(line) :]
        return replace(self, header=header, **asdict(further))

    @property
    def further(self) -> Further:
        """The further columns of its result."""
        return Further(tuple(self.on_time_shares), self.details, tuple(self.wishes))

    @property
    def object(self) -> InputObject:
        """The input object, with the ETag it had when the job was planned."""
        return InputObject(
            ObjectAddress(self.bucket, self.key), self.etag, self.size, format_named(self.format), self.folder
        )

    def as_row(self) -> dict[str, Any]:
        """For the chunk's row."""
        return asdict(self)
