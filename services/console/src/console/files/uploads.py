"""Dropped files: on the console's disk while they come in, then in the object store under `uploads/`."""

import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from nicegui.elements.upload_files import FileUpload
from starlette.concurrency import run_in_threadpool

from common.errors import ObjectNotFound
from common.servers.objects import ObjectAddress, ObjectStore

PREFIX = "uploads/"
LONGEST_NAME = 100


class Uploads:
    """Puts files where batch jobs can read them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, file: FileUpload, progress: Callable[[float], object]) -> ObjectAddress:
        """Store a dropped file under an address of its own; progress is called with the share done, 0..1."""
        address = ObjectAddress(self._store.bucket, f"{PREFIX}{uuid4()}/{plain_name(file.name)}")
        size = max(file.size(), 1)
        done = 0

        def went_out(count: int) -> None:
            nonlocal done
            done += count
            progress(done / size)

        with tempfile.TemporaryDirectory(prefix="console-upload-") as folder:
            path = Path(folder) / "file"
            await file.save(path)
            await run_in_threadpool(self._store.upload, address, path, went_out)
        return address

    async def discard(self, address: ObjectAddress) -> None:
        """Delete a file whose job was refused."""
        with suppress(ObjectNotFound):
            await run_in_threadpool(self._store.delete, address)


def plain_name(name: str) -> str:
    """A file's name without what an address should not hold; its end, which names the format, stays."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-")[-LONGEST_NAME:] or "file"
