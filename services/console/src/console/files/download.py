"""A job's result as one download: an object as it is, a data set's objects in a ZIP archive made while it is sent."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from common.servers.objects import ObjectAddress, ObjectStore


@dataclass(frozen=True)
class Download:
    """A file's name, type and bytes."""

    name: str
    media_type: str
    blocks: Iterator[bytes]


def download(store: ObjectStore, output_uri: str) -> Download:
    """The result at an address; the store's errors."""
    address = ObjectAddress.split(output_uri)
    name = address.key.rstrip("/").rpartition("/")[2]
    if address.key.endswith("/"):
        return Download(f"{name}.zip", "application/zip", zipped(store, address))
    found = store.stat(address)
    return Download(name, "text/csv; charset=utf-8", store.stream(address, found.etag))


def zipped(store: ObjectStore, prefix: ObjectAddress) -> Iterator[bytes]:
    """The archive of every object under a prefix, in blocks, stored as they are; names are those below the prefix."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for found in list(store.objects_under(prefix)):
            name = found.address.key.removeprefix(prefix.key)
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                for block in store.stream(found.address, found.etag):
                    entry.write(block)
                    yield outlet.take()
            yield outlet.take()
    yield outlet.take()


class _Outlet(io.RawIOBase):
    """What the archive writes to: keeps the bytes until they are taken. It cannot seek, so nothing is gone back to."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, block: object) -> int:
        data = bytes(block)  # type: ignore[call-overload]
        self._waiting += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
