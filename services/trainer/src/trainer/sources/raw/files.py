"""The files that a source names: on disk or in the object store, each opened as a stream of bytes."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from common.orders.shop.source import matching_paths
from common.servers.objects import ObjectAddress, ObjectStore, StoredObject
from trainer.sources.errors import UnusableSource

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".tab", ".txt")
WORKBOOKS = (".xlsx", ".xls", ".ods", ".numbers")
COMPRESSED = {".gz": "gzip", ".zst": "zstd"}

READ_AHEAD = 4 * 2**20
"""Bytes fetched at once from an object."""


@dataclass(frozen=True)
class DataFile:
    """One file of a source. `is_near`: reading it twice costs little."""

    name: str
    raw: Callable[[], IO[bytes]]
    is_near: bool

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet; everything else is text."""
        return self.name.lower().endswith(PARQUET)

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Its bytes, unpacked."""
        packed = COMPRESSED.get(PurePosixPath(self.name).suffix.lower())
        with self.raw() as raw:
            if packed is None:
                yield raw
            else:
                with pa.CompressedInputStream(raw, packed) as unpacked:
                    yield unpacked


def local_files(source: str, folder: Path) -> list[DataFile]:
    """What a file, folder or pattern names; UnusableSource when there is nothing to read."""
    paths = [path for found in matching_paths(source, folder) for path in _inside(found)]
    return _usable(source, (DataFile(str(path), _reader(path), True) for path in paths))


def stored_files(source: str, store: ObjectStore) -> list[DataFile]:
    """The object, or the objects under a prefix that ends in a slash; UnusableSource when there is nothing to read."""
    address = ObjectAddress.split(source)
    objects = store.objects_under(address) if address.key.endswith("/") else [store.stat(address)]
    visible = (found for found in objects if is_data(PurePosixPath(found.address.key).relative_to(_parent(address))))
    return _usable(source, (DataFile(str(found.address), _opener(store, found), False) for found in visible))


def is_data(path: PurePosixPath | Path) -> bool:
    """Whether a file below a folder is data: no part of its path begins with a dot or an underscore."""
    return not any(part.startswith((".", "_")) for part in path.parts)


def _inside(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for found in sorted(path.rglob("*")):
        if found.is_file() and is_data(found.relative_to(path)) and _is_readable(found.name):
            yield found


def _usable(source: str, files: Iterable[DataFile]) -> list[DataFile]:
    found = list(files)
    if not found:
        raise UnusableSource(source, f"holds no file that ends in {', '.join((*TEXT, *PARQUET))} (or with .gz or .zst)")
    for file in found:
        if file.name.lower().endswith(WORKBOOKS):
            raise UnusableSource(file.name, "is a workbook: save the sheet of orders as CSV and name that file")
    return found


def _is_readable(name: str) -> bool:
    lower = name.lower()
    return any(lower.endswith((end, *(end + packed for packed in COMPRESSED))) for end in TEXT) or lower.endswith(
        PARQUET
    )


def _reader(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _parent(address: ObjectAddress) -> PurePosixPath:
    path = PurePosixPath(address.key)
    return path if address.key.endswith("/") else path.parent


def _opener(store: ObjectStore, found: StoredObject) -> Callable[[], IO[bytes]]:
    return lambda: io.BufferedReader(_Ranges(store, found), READ_AHEAD)


class _Ranges(io.RawIOBase):
    """An object as a file: every read is a range of it, so that Parquet's footer comes without the rest."""

    def __init__(self, store: ObjectStore, found: StoredObject) -> None:
        self._store, self._object, self._position = store, found, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._object.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        end = min(self._position + len(buffer), self._object.size)
        block = self._store.read(self._object.address, self._position, end, self._object.etag)
        buffer[: len(block)] = block
        self._position += len(block)
        return len(block)
