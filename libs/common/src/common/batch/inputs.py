"""What can be known of a batch input from its head alone: does it exist, which format, which columns.

A submission is answered at once whatever the input's size: the store is asked for the first bytes at most.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from common.batch.formats import ENDINGS, Format, InputObject, format_of, packed_format
from common.batch.formats.csv_text import EmptyFile
from common.batch.prefixes import folder_of, is_hidden, refuse_inside_table, refuse_table
from common.errors import (
    FileInstead,
    FolderInstead,
    InputTooLarge,
    InvalidAddress,
    NoData,
    NotFound,
    ObjectForbidden,
    ObjectNotFound,
    UnreadableInput,
    WildcardInstead,
)
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import BatchSettings

Fact = TypeVar("Fact")

WILDCARD = re.compile(r"[*?\[{]")


@dataclass
class Input:
    """The objects of an input in the order of their keys, and what else lies under its prefix.

    empty: zero-byte objects with a known ending. passed_over: keys that are no data, and the first of them.
    """

    objects: list[InputObject] = field(default_factory=list)
    empty: list[InputObject] = field(default_factory=list)
    passed_over: int = 0
    first_passed_over: str = ""

    def notes(self, address: ObjectAddress) -> list[str]:
        """What whoever submitted it should know."""
        notes = []
        if self.passed_over:
            example = f"{self.first_passed_over!r}" if self.passed_over == 1 else f"e.g. {self.first_passed_over!r}"
            notes.append(f"{self.passed_over:,} key(s) under {address} are no data and were passed over: {example}")
        if self.empty:
            first = self.empty[0].address.key.removeprefix(address.key)
            notes.append(f"{len(self.empty):,} object(s) under {address} are empty: {first!r}")
        return notes


@dataclass(frozen=True)
class InputHead:
    """A checked input: the ETag (None for a prefix), the size in bytes, and what its submitter should know."""

    etag: str | None
    size: int
    notes: list[str]


def check_head(store: ObjectStore, address: ObjectAddress, limits: BatchSettings, columns: bool = True) -> InputHead:
    """Check an input without reading it; `columns`: also whether it has those that predictions need.

    Raises InvalidAddress (no such format), ObjectNotFound, FolderInstead, TableInstead, ObjectForbidden, InputTooLarge,
    MissingColumns, UnreadableInput, ObjectStoreUnavailable.
    """
    given = read_input(store, address, limits)
    size = sum(part.size for part in given.objects)
    if size > limits.limit_bytes:
        raise InputTooLarge(str(address), f"{size:,} bytes", f"{limits.limit_bytes:,}")
    refuse_inside_table(store, address)
    of_head: list[str] = []
    for part in given.objects if columns else []:
        try:
            of_head = recognised(store, part, lambda part: part.format.check(store, part))
            break
        except EmptyFile:
            if part is given.objects[-1]:
                raise
    return InputHead(None if address.is_prefix else given.objects[0].etag, size, given.notes(address) + of_head)


def read_input(store: ObjectStore, address: ObjectAddress, limits: BatchSettings) -> Input:
    """What an address names: one object, or all the data under a prefix. `objects` is never empty."""
    if not address.is_prefix:
        return Input([_single(store, address)])
    given = Input()
    for stored in store.objects_under(address):
        inside = stored.address.key.removeprefix(address.key)
        if not inside or inside.endswith("/"):
            continue  # a folder's own mark
        refuse_table(address, inside)
        kind = format_of(inside)
        if kind is None or is_hidden(inside):
            given.passed_over += 1
            given.first_passed_over = given.first_passed_over or inside
        else:
            part = InputObject(stored.address, stored.etag, stored.size, kind, folder_of(inside))
            (given.objects if stored.size else given.empty).append(part)
            if len(given.objects) > limits.limit_objects:
                limit = f"{limits.limit_objects:,}"
                raise InputTooLarge(str(address), f"more than {limit} objects", limit)
    if not given.objects:
        if given.empty:
            raise UnreadableInput(str(address), "has no rows: every object under it is empty")
        raise _nothing_under(store, address, given)
    given.objects.sort(key=lambda part: part.address.key)
    return given


def _nothing_under(store: ObjectStore, address: ObjectAddress, given: Input) -> NotFound:
    """Why a prefix has no objects."""
    if given.passed_over:
        return NoData(str(address), ", ".join(ENDINGS), given.passed_over, given.first_passed_over)
    if WILDCARD.search(address.key):
        return _no_wildcard(address)
    file = ObjectAddress(address.bucket, address.key.removesuffix("/"))
    with suppress(ObjectNotFound, ObjectForbidden):
        if format_of(file.key) and store.stat(file):
            return FileInstead(str(address))
    return ObjectNotFound(f"{address} with {', '.join(ENDINGS)} objects")


def _no_wildcard(address: ObjectAddress) -> WildcardInstead:
    folder, slash, _ = WILDCARD.split(address.key)[0].rpartition("/")
    return WildcardInstead(str(address), str(ObjectAddress(address.bucket, folder + slash or "folder/")))


def recognised(store: ObjectStore, given: InputObject, read: Callable[[InputObject], Fact]) -> Fact:
    """What `read` gives for an object; read as what it is if it is packed in spite of its ending.

    Stores and browsers pack text on the way, and leave its name.
    """
    try:
        return read(given)
    except UnreadableInput:
        kind = really(store, given)
        if kind is given.format:
            raise
        return read(replace(given, format=kind))


def really(store: ObjectStore, given: InputObject) -> Format:
    """The format of an object by its first bytes, where they say more than its ending."""
    return packed_format(given.format, store.head(given.address, 4) if given.size else b"")


def _single(store: ObjectStore, address: ObjectAddress) -> InputObject:
    kind = format_of(address.key)
    if kind is None:
        raise InvalidAddress(str(address), f"s3://bucket/key ending in {', '.join(ENDINGS)}, or a prefix ending in /")
    try:
        stored = store.stat(address)
    except ObjectNotFound:
        with suppress(ObjectForbidden):  # not every key of the store may list
            if next(store.objects_under(address.as_prefix()), None):
                raise FolderInstead(str(address)) from None
        if WILDCARD.search(address.key):
            raise _no_wildcard(address) from None
        raise
    return InputObject(address, stored.etag, stored.size, kind)
