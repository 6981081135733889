"""Objects that a job writes: marked as its own, many side by side."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from common.batch.results import JOB
from common.errors import ObjectNotFound, UploadGone
from common.servers.objects import ObjectAddress, ObjectStore

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 8
"""Requests under way side by side where there are many; boto's pool keeps ten connections."""


def side_by_side(action: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What `action` gives for each item, in their order. The first error is raised; what had not begun is skipped."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(action, items))


class Outputs:
    """The objects of jobs in the store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def begin(self, outputs: Iterable[ObjectAddress], marks: Mapping[str, str]) -> list[str]:
        """Begin objects; each appears when its upload is completed. The uploads' ids."""
        return side_by_side(lambda output: self._store.begin_upload(output, content_type(output), marks), outputs)

    def put(self, output: ObjectAddress, body: bytes, marks: Mapping[str, str]) -> None:
        """Write a small object at once."""
        self._store.put(output, body, content_type(output), marks)

    def complete(self, output: ObjectAddress, upload_id: str, parts: list[dict[str, Any]], job_id: UUID) -> None:
        """Make an object appear; harmless if this job had completed it before. UploadGone if it was aborted."""
        try:
            self._store.complete_upload(output, upload_id, parts)
        except UploadGone:
            if not self._is_own(output, job_id):
                raise

    def abort(self, uploads: Iterable[tuple[ObjectAddress, str]]) -> None:
        """Abort uploads; harmless for those that are gone."""
        side_by_side(lambda upload: self._store.abort_upload(*upload), uploads)

    def abort_under(self, prefix: ObjectAddress, ours: Callable[[str], bool], spared: frozenset[str]) -> None:
        """Abort every unfinished upload under a prefix whose key is `ours`, except the spared ones."""
        self.abort(
            (upload.address, upload.upload_id)
            for upload in self._store.unfinished_uploads(prefix)
            if ours(upload.address.key) and upload.upload_id not in spared
        )

    def delete_own(self, outputs: Iterable[ObjectAddress], job_id: UUID) -> None:
        """Delete those of the objects that this job wrote."""

        def delete(output: ObjectAddress) -> None:
            if self._is_own(output, job_id):
                self._store.delete(output)

        side_by_side(delete, outputs)

    def _is_own(self, output: ObjectAddress, job_id: UUID) -> bool:
        try:
            return self._store.stat(output).metadata.get(JOB) == str(job_id)
        except ObjectNotFound:
            return False


def content_type(output: ObjectAddress) -> str:
    """What browsers are told of an output."""
    return "text/csv; charset=utf-8" if output.key.endswith(".csv") else "application/octet-stream"
