"""How much one client may ask for: token buckets, one for all worker processes of a gateway."""

import fcntl
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from struct import Struct

STATE = Struct("dd")
"""A bucket: the tokens missing in it, and the moment (seconds) when they were counted. Zeros are a full bucket."""

Bucket = tuple[bytearray | mmap.mmap, Callable[[], AbstractContextManager[None]]]
"""A bucket's memory, and the lock to hold while it is changed."""


class RateLimit:
    """Allows each client `rate` requests a second on average, and `burst` at once.

    Processes that are given one folder share their buckets: files in it, mapped into memory. A lock of the file costs a
    microsecond, and a process that dies gives it back. Without a folder the buckets are this process's own.
    """

    def __init__(self, rate: float, burst: float, folder: Path | None = None) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._folder = folder
        self._buckets: dict[str, Bucket] = {}

    def take(self, client: str, now: float, tokens: float = 1.0, needed: float = 1.0) -> float:
        """Take tokens; 0, or the seconds until there will be one. `now`: of any clock that only goes forward.

        needed: how many must be there. Those that are short are a debt, to be worked off before the next time.
        """
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = self._open(client)
        memory, locked = bucket
        with locked():
            missing, at = STATE.unpack_from(memory)
            missing = max(missing - max(now - at, 0.0) * self._rate, 0.0)
            left = self._burst - missing
            STATE.pack_into(memory, 0, missing + (tokens if left >= needed else 0.0), max(now, at))
        return 0.0 if left >= needed else (needed - left) / self._rate

    def _open(self, client: str) -> Bucket:
        if self._folder is None:
            return bytearray(STATE.size), nullcontext
        file = os.open(self._folder / f"{sha256(client.encode()).hexdigest()}.rate", os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(file, STATE.size)
        return mmap.mmap(file, STATE.size), lambda: _locked(file)


@contextmanager
def _locked(file: int) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
