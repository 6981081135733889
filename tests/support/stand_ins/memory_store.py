"""An object store in memory, for tests of what only reads."""

from collections.abc import Generator, Iterator, Mapping
from types import MappingProxyType

from common.batch.formats import InputObject, format_named
from common.errors import ObjectNotFound
from common.servers.objects import ObjectAddress, ObjectStore, StoredObject


class MemoryStore(ObjectStore):
    """Objects by their keys, in one bucket; streams come in blocks of `block_bytes`."""

    def __init__(self, block_bytes: int = 11) -> None:
        self.bucket = "bucket"
        self.job_buckets = frozenset({self.bucket})
        self._objects: dict[str, bytes] = {}
        self._metadata: dict[str, Mapping[str, str]] = {}
        self._block_bytes = block_bytes

    def keep(self, key: str, body: bytes, metadata: Mapping[str, str] = MappingProxyType({})) -> None:
        """Keep an object."""
        self._objects[key], self._metadata[key] = body, metadata

    def given(self, key: str, body: bytes, kind: str) -> InputObject:
        """Keep an object; what a job would know of it."""
        self.keep(key, body)
        return InputObject(ObjectAddress(self.bucket, key), "etag", len(body), format_named(kind))

    def stat(self, address: ObjectAddress) -> StoredObject:
        if address.key not in self._objects:
            raise ObjectNotFound(str(address))
        return StoredObject(address, "etag", len(self._objects[address.key]), self._metadata[address.key])

    def objects_under(self, prefix: ObjectAddress) -> Iterator[StoredObject]:
        for key in sorted(self._objects):
            if key.startswith(prefix.key):
                yield self.stat(ObjectAddress(self.bucket, key))

    def head(self, address: ObjectAddress, size: int) -> bytes:
        return self._objects[address.key][:size]

    def tail(self, address: ObjectAddress, size: int) -> bytes:
        return self._objects[address.key][-size:]

    def read(self, address: ObjectAddress, start: int, end: int, etag: str) -> bytes:
        return self._objects[address.key][start:end]

    def stream(self, address: ObjectAddress, etag: str) -> Generator[bytes, None, None]:
        body = self._objects[address.key]
        for start in range(0, len(body), self._block_bytes):
            yield body[start : start + self._block_bytes]
