"""Which objects the jobs of a client may read and write, and what of the bucket is nobody's to write."""

import re
from dataclasses import dataclass

from common.batch.outputs import RESULTS
from common.errors import InvalidAddress, OutOfReach
from common.servers.objects import ObjectAddress

REPORTS = "reports/"
"""Where the monitor keeps its reports."""

KEPT = (RESULTS, REPORTS)
"""Folders of the batch bucket that no job may name as its output: others' results, and reports."""

PREFIX = re.compile(r"s3://[A-Za-z0-9][A-Za-z0-9._-]*/(.*/)?")


def prefix(text: str) -> str:
    """A prefix as keys have it; InvalidAddress if it is none."""
    if not PREFIX.fullmatch(text) or plain(text) != text:
        raise InvalidAddress(text, "s3://bucket/folder/, or s3://bucket/ for all of it")
    return text


def plain(uri: str) -> str:
    """The address with single slashes: a store may take several for one."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{re.sub('/+', '/', rest)}"


@dataclass(frozen=True)
class Reach:
    """Prefixes under which a client's jobs may read, and write; anywhere if there are none."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def check_input(self, given: ObjectAddress) -> None:
        """OutOfReach if it may not be read."""
        _check(given, self.reads, "read")

    def check_output(self, wanted: ObjectAddress, bucket: str) -> None:
        """OutOfReach, InvalidAddress if it may not be written. bucket: that of the batch files."""
        if plain(str(wanted)) != str(wanted):
            raise InvalidAddress(str(wanted), "a key without empty parts, which a store may leave out")
        _check(wanted, self.writes, "written")
        if wanted.bucket == bucket and wanted.key.startswith(KEPT):
            raise OutOfReach(str(wanted), "written", [f"anywhere but {' and '.join(KEPT)}"])


def _check(address: ObjectAddress, prefixes: tuple[str, ...], done: str) -> None:
    if prefixes and not plain(str(address)).startswith(prefixes):
        raise OutOfReach(str(address), done, prefixes)


ANYWHERE = Reach()
