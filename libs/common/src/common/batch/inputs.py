"""What can be known of a batch input from its head alone: does it exist, which format, which columns.

A submission is answered at once whatever the input's size: the store is asked for the first bytes at most.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from common.batch.formats import ENDINGS, InputObject, format_of
from common.errors import InputTooLarge, InvalidAddress, ObjectNotFound
from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import BatchSettings


@dataclass(frozen=True)
class InputHead:
    """A checked input: the ETag (None for a prefix) and the size in bytes."""

    etag: str | None
    size: int


def check_head(store: ObjectStore, address: ObjectAddress, limits: BatchSettings) -> InputHead:
    """Check an input without reading it.

    Raises InvalidAddress (no such format), ObjectNotFound, ObjectForbidden, InputTooLarge, MissingColumns,
    UnreadableInput, ObjectStoreUnavailable.
    """
    objects = input_objects(store, address, limits)
    size = sum(part.size for part in objects)
    if size > limits.limit_bytes:
        raise InputTooLarge(str(address), f"{size:,} bytes", f"{limits.limit_bytes:,}")
    first = objects[0]
    first.format.check(store, first)
    return InputHead(None if address.is_prefix else first.etag, size)


def input_objects(store: ObjectStore, address: ObjectAddress, limits: BatchSettings) -> list[InputObject]:
    """The objects of an input in the order of their keys: one, or every one with a known ending under a prefix."""
    if not address.is_prefix:
        return [_single(store, address)]
    objects = list(islice(_under(store, address), limits.limit_objects + 1))
    if not objects:
        raise ObjectNotFound(f"{address} with {', '.join(ENDINGS)} objects")
    if len(objects) > limits.limit_objects:
        raise InputTooLarge(str(address), f"more than {limits.limit_objects:,} objects", f"{limits.limit_objects:,}")
    return sorted(objects, key=lambda part: part.address.key)


def _single(store: ObjectStore, address: ObjectAddress) -> InputObject:
    kind = format_of(address.key)
    if kind is None:
        raise InvalidAddress(str(address), f"s3://bucket/key ending in {', '.join(ENDINGS)}, or a prefix ending in /")
    stored = store.stat(address)
    return InputObject(address, stored.etag, stored.size, kind)


def _under(store: ObjectStore, address: ObjectAddress) -> Iterator[InputObject]:
    for stored in store.objects_under(address):
        if kind := format_of(stored.address.key):
            yield InputObject(stored.address, stored.etag, stored.size, kind)
