"""The file of a backup: a tar compressed with zstd that is whole, or refused.

    about.json        what it is
    ...               its parts
    checksums.json    SHA-256 of each of them: the last, so that a file which was cut off has none

It gets its name when it is whole and on the disk. `tar --zstd -tf FILE` lists it.
"""

import fcntl
import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol, cast

import zstandard

from devstack.errors import BackupUnderWay, DamagedBackup

CHECKSUMS = "checksums.json"
FACTS = "delivery-time.facts"
"""Where a part's tar header has what is to be known of it beside its name."""

PIECE_BYTES = 32 * 2**20
"""What has no known length is kept in parts of this size."""

BLOCK_BYTES = 2**20
LEVEL = 3


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = ..., /) -> bytes: ...


class Part:
    """A part of a backup, to be read before the next one is asked for. size: of its body in bytes."""

    def __init__(self, name: str, facts: Mapping[str, Any], size: int, body: Readable) -> None:
        self.name = name
        self.facts = facts
        self.size = size
        self._body = body
        self._digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())

    def read(self, size: int = -1) -> bytes:
        """The next bytes of its body."""
        block = self._body.read(size)
        self._digest.update(block)
        return block

    def blocks(self) -> Iterator[bytes]:
        """The rest of its body."""
        while block := self.read(BLOCK_BYTES):
            yield block

    @property
    def checksum(self) -> str:
        """SHA-256 of its facts and of what was read of its body."""
        return self._digest.hexdigest()


class Writer:
    """Writes the parts of a new backup."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._checksums: dict[str, str] = {}

    def put(self, name: str, body: bytes) -> None:
        """Add a small part."""
        self.copy(name, {}, len(body), io.BytesIO(body))

    def copy(self, name: str, facts: Mapping[str, Any], size: int, body: Readable) -> None:
        """Add a part of so many bytes; OSError if the body has fewer."""
        part = Part(name, facts, size, body)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time())
        entry.pax_headers = {FACTS: json.dumps(facts)} if facts else {}
        self._tar.addfile(entry, cast(IO[bytes], part))
        self._checksums[name] = part.checksum

    def pour(self, name: str, body: Readable) -> int:
        """Add all that a stream gives, as parts NAME/00000 and so on; its bytes."""
        total = 0
        for number in count():
            piece = body.read(PIECE_BYTES)
            if not piece:
                break
            self.put(f"{name}/{number:05d}", piece)
            total += len(piece)
        return total

    def seal(self) -> None:
        """Write the last part."""
        self.put(CHECKSUMS, json.dumps(self._checksums, indent=0).encode())


@contextmanager
def new_archive(path: Path) -> Iterator[Writer]:
    """A backup that appears at `path` when the block has ended well, in place of what was there; else nothing does.

    BackupUnderWay if another process is writing it.
    """
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        _lock(file.fileno(), part, path)
        file.truncate()
        try:
            packer = zstandard.ZstdCompressor(LEVEL, write_checksum=True)
            with (
                packer.stream_writer(file, closefd=False) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                writer = Writer(tar)
                yield writer
                writer.seal()
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)


def read_parts(path: Path) -> Iterator[Part]:
    """The parts of a backup, in order, each compared with its checksum.

    DamagedBackup if it is none, or is not what was written; known for certain only after the last one.
    """
    found: dict[str, str] = {}
    with (
        _refused(path),
        path.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as unpacked,
        tarfile.open(fileobj=cast(IO[bytes], unpacked), mode="r|") as tar,
    ):
        for entry in tar:
            body = tar.extractfile(entry)
            if body is None:
                raise DamagedBackup(path, f"{entry.name} is no file")
            if entry.name == CHECKSUMS:
                _compare(path, found, json.loads(body.read()))
                return
            facts = json.loads(entry.pax_headers.get(FACTS, "{}"))
            part = Part(entry.name, facts, entry.size, _Refusing(path, body))
            yield part
            for _ in part.blocks():
                pass
            found[part.name] = part.checksum
    raise DamagedBackup(path, "its end is missing")


class _Refusing:
    """A body in a backup that may be damaged."""

    def __init__(self, path: Path, body: Readable) -> None:
        self._path = path
        self._body = body

    def read(self, size: int = -1) -> bytes:
        with _refused(self._path):
            return self._body.read(size)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except (zstandard.ZstdError, tarfile.TarError, EOFError, ValueError, KeyError) as error:
        raise DamagedBackup(path, error) from error


def _compare(path: Path, found: Mapping[str, str], written: Mapping[str, str]) -> None:
    if wrong := sorted(name for name in found.keys() | written.keys() if found.get(name) != written.get(name)):
        raise DamagedBackup(path, f"{wrong[0]} is not what was written")


def _lock(descriptor: int, part: Path, path: Path) -> None:
    """Hold the draft until this process ends. It may have been another's, and have got its name in this moment."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), part.stat()):
            return
    except (BlockingIOError, FileNotFoundError):
        pass
    raise BackupUnderWay(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
