"""What can be known of a batch input from its head alone: does it exist, which format, which columns.

Reads the first HEAD_BYTES of an object at most, so that a submission is answered at once whatever the file's size.
A Parquet file's columns stand in its footer, which takes pyarrow to read: the planner checks them.
"""

import csv
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from common.errors import InputTooLarge, InvalidAddress, MissingColumns, ObjectNotFound, UnreadableInput
from common.orders.fields import OPTIONAL_COLUMNS, REQUIRED_COLUMNS
from common.servers.objects import ObjectAddress, prompt_s3, store_errors
from common.settings import BatchSettings, load

FORMATS = {".csv": "csv", ".csv.gz": "csv.gz", ".parquet": "parquet"}
ADDED_COLUMNS = ("prediction", "prediction_lower", "prediction_upper", "error")

HEAD_BYTES = 256 * 1024
"""The header line of a CSV file must fit; ten thousand columns do."""

CUT_OFF = "is cut off: the gzip stream has no end. Upload it again"

PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True)
class InputObject:
    """One object of an input: its address, ETag as the store gives it, size in bytes, and format."""

    address: ObjectAddress
    etag: str
    size: int
    format: str


@dataclass(frozen=True)
class InputHead:
    """A checked input: the ETag (None for a prefix) and the size in bytes."""

    etag: str | None
    size: int


@dataclass(frozen=True)
class Header:
    """The header of a CSV file: column names, its bytes, its line end, and the length of both."""

    names: list[str]
    text: bytes
    line_end: bytes
    length: int


def check_head(address: ObjectAddress) -> InputHead:
    """Check an input without reading it.

    Raises InvalidAddress (no such format), ObjectNotFound, ObjectForbidden, InputTooLarge, MissingColumns,
    UnreadableInput, ObjectStoreUnavailable.
    """
    found = input_objects(address)
    size = sum(part.size for part in found)
    limit = load(BatchSettings).limit_bytes
    if size > limit:
        raise InputTooLarge(str(address), f"{size:,} bytes", f"{limit:,}")
    first = found[0]
    if first.format == "parquet":
        _check_parquet_ends(first)
    else:
        read_header(first)
    return InputHead(None if address.key.endswith("/") else first.etag, size)


def input_objects(address: ObjectAddress) -> list[InputObject]:
    """The objects of an input in the order of their keys: one, or every one with a known ending under a prefix."""
    if not address.key.endswith("/"):
        return [_stat(address)]
    limit = load(BatchSettings).limit_objects
    found = list(islice(_under(address), limit + 1))
    if not found:
        raise ObjectNotFound(f"{address} with {', '.join(FORMATS)} objects")
    if len(found) > limit:
        raise InputTooLarge(str(address), f"more than {limit:,} objects", f"{limit:,}")
    return sorted(found, key=lambda part: part.address.key)


def is_dataset(input_uri: str) -> bool:
    """Whether the output is a set of objects under a prefix (for Parquet and for prefixes) or a single object."""
    return input_uri.endswith(("/", ".parquet"))


def format_of(key: str) -> str | None:
    """csv, csv.gz or parquet, from the key's ending; None for any other."""
    return next((name for ending, name in FORMATS.items() if key.endswith(ending)), None)


def read_header(source: InputObject) -> Header:
    """The header of a CSV object, plain or gzip; MissingColumns, UnreadableInput."""
    with store_errors(source.address):
        if source.size == 0:
            raise UnreadableInput(str(source.address), "is empty: it needs a header line and rows")
        answer = prompt_s3().get_object(
            Bucket=source.address.bucket, Key=source.address.key, Range=f"bytes=0-{HEAD_BYTES - 1}"
        )
        head = answer["Body"].read()
    whole = source.size <= len(head)
    if source.format == "csv.gz":
        head, whole = _gunzip_head(head, whole, str(source.address)), False
    return parse_header(head, str(source.address), whole)


def parse_header(head: bytes, where: str, whole: bool) -> Header:
    """The header that `head`, the first bytes of a CSV file, starts with; `whole` if there are no more bytes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableInput(where, "is UTF-16: save it as UTF-8")
    if b"\x00" in head:
        raise UnreadableInput(where, "is binary, not CSV text")
    if b"\r" in head and b"\n" not in head:
        raise UnreadableInput(where, "ends its lines with a carriage return alone: save it with \\n or \\r\\n")
    end = _first_record_end(head)
    if end < 0 and not whole and len(head) >= HEAD_BYTES:
        raise UnreadableInput(where, f"has no line end in its first {HEAD_BYTES:,} bytes: a header line must fit there")
    length = len(head) if end < 0 else end + 1
    text = head[:length].rstrip(b"\r\n")
    try:
        names = next(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")), [])
    except UnicodeDecodeError as error:
        raise UnreadableInput(where, "is not UTF-8 text: save it as UTF-8") from error
    except csv.Error as error:
        raise UnreadableInput(where, f"has a header that is not CSV ({error})") from error
    check_columns(names, where)
    return Header(names, text, head[len(text) : length], length)


def check_columns(names: Sequence[str], where: str) -> None:
    """MissingColumns or UnreadableInput if these are not the columns of an input."""
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        shown = [*names[:20], "…"] if len(names) > 20 else names
        raise MissingColumns(where, missing, [name[:40] for name in shown])
    counted = Counter(names)
    twice = [name for name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS) if counted[name] > 1]
    if twice:
        raise UnreadableInput(where, f"has column(s) {', '.join(twice)} more than once: keep one of each")
    taken = [name for name in ADDED_COLUMNS if name in counted]
    if taken:
        raise UnreadableInput(where, f"already has column(s) {', '.join(taken)}, which the result adds: rename them")


def _stat(address: ObjectAddress) -> InputObject:
    kind = format_of(address.key)
    if kind is None:
        raise InvalidAddress(str(address), "s3://bucket/key ending in .csv, .csv.gz, .parquet, or a prefix ending in /")
    with store_errors(address):
        head = prompt_s3().head_object(Bucket=address.bucket, Key=address.key)
    return InputObject(address, head["ETag"], head["ContentLength"], kind)


def _under(address: ObjectAddress) -> Iterator[InputObject]:
    with store_errors(address):
        pages = prompt_s3().get_paginator("list_objects_v2").paginate(Bucket=address.bucket, Prefix=address.key)
        for page in pages:
            for entry in page.get("Contents", []):
                if kind := format_of(entry["Key"]):
                    found = ObjectAddress(address.bucket, entry["Key"])
                    yield InputObject(found, entry["ETag"], entry["Size"], kind)


def _check_parquet_ends(source: InputObject) -> None:
    where = str(source.address)
    if source.size < 12:
        raise UnreadableInput(where, "is too short for a Parquet file")
    ends = []
    with store_errors(source.address):
        for span in ("bytes=0-3", "bytes=-4"):
            answer = prompt_s3().get_object(Bucket=source.address.bucket, Key=source.address.key, Range=span)
            ends.append(answer["Body"].read())
    if ends != [PARQUET_MAGIC, PARQUET_MAGIC]:
        raise UnreadableInput(where, "is not a whole Parquet file (its first and last bytes must be PAR1)")


def _gunzip_head(head: bytes, whole: bool, where: str) -> bytes:
    """The first bytes inside; `whole` if `head` is all there is."""
    stream = zlib.decompressobj(wbits=31)
    try:
        text = stream.decompress(head, HEAD_BYTES)
    except zlib.error as error:
        raise UnreadableInput(where, f"is damaged gzip, or none ({error})") from error
    if whole and not stream.eof and len(text) < HEAD_BYTES:
        raise UnreadableInput(where, CUT_OFF)
    return text


def _first_record_end(head: bytes) -> int:
    """Where the first line break outside quotes is; -1 if there is none."""
    position = head.find(b"\n")
    while position >= 0 and head.count(b'"', 0, position) % 2:
        position = head.find(b"\n", position + 1)
    return position
