"""Makes results appear, each in the place of the one before it (see common.batch.results)."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from common.batch.outputs import RESULTS
from common.batch.results import manifest_of, marks, refuse_foreign, success_of
from common.database.tables import BatchChunk, BatchJob, BatchOutput
from common.errors import UploadGone
from common.servers.objects import ObjectAddress, ObjectStore
from scorer.results.outputs import Outputs, side_by_side


class Results:
    """Writes results."""

    def __init__(self, store: ObjectStore, outputs: Outputs) -> None:
        self._store = store
        self._outputs = outputs

    def appear(
        self, job: BatchJob, chunks: Sequence[BatchChunk], outputs: Sequence[BatchOutput], body: bytes | None
    ) -> None:
        """Make the outputs of a job appear, once more if need be; `body` is that of one that is written at once.

        A dataset's `_SUCCESS` goes first and comes last: while it is there, the folder is one result. UploadGone and
        OutputNotOurs come before anything changes.
        """
        target, mark = self._store.address(job.output_uri), marks(job.id, job.owner)
        if target.is_prefix:
            self._make_room(job, target, outputs)
        elif not job.overwrite and not target.key.startswith(f"{RESULTS}{job.id}/"):
            refuse_foreign(self._store, target, job.owner)
        if body is not None:
            self._outputs.put(target, body, mark)
        self._complete_uploads(job, chunks, outputs)
        if target.is_prefix:
            self._outputs.put(manifest_of(target), self._manifest(job, target, chunks, outputs), mark)
            self._outputs.put(success_of(target), b"", mark)

    def _make_room(self, job: BatchJob, target: ObjectAddress, outputs: Sequence[BatchOutput]) -> None:
        """Delete the result before this one, once it is certain that this one can appear."""
        own = frozenset(output.key for output in outputs)
        if not job.overwrite:
            refuse_foreign(self._store, target, job.owner, own | {success_of(target).key})
        present = [stored.address for stored in self._store.objects_under(target)]
        begun = {upload.upload_id for upload in self._store.unfinished_uploads(target)}
        there = {address.key for address in present}
        for output in outputs:
            if output.upload_id and output.upload_id not in begun and output.key not in there:
                raise UploadGone(str(ObjectAddress(output.bucket, output.key)))
        if success_of(target).key in there:
            self._store.delete(success_of(target))
        former = [address for address in present if address.key not in own and not address.is_prefix]
        side_by_side(self._store.delete, former)

    def _complete_uploads(self, job: BatchJob, chunks: Sequence[BatchChunk], outputs: Sequence[BatchOutput]) -> None:
        parts: dict[int, list[dict[str, Any]]] = {output.number: [] for output in outputs}
        for chunk in chunks:
            parts[chunk.output] += chunk.parts

        def complete(output: BatchOutput) -> None:
            address = ObjectAddress(output.bucket, output.key)
            self._outputs.complete(address, output.upload_id or "", parts[output.number], job.id)

        side_by_side(complete, [output for output in outputs if output.upload_id])

    def _manifest(
        self, job: BatchJob, target: ObjectAddress, chunks: Sequence[BatchChunk], outputs: Sequence[BatchOutput]
    ) -> bytes:
        """What a dataset consists of."""
        stored = {found.address.key: found for found in self._store.objects_under(target)}
        rows, inputs = Counter[int](), dict[int, str]()
        for chunk in chunks:
            rows[chunk.output] += chunk.rows
            inputs[chunk.output] = str(ObjectAddress(chunk.source["bucket"], chunk.source["key"]))
        listed = [
            {
                "uri": str(ObjectAddress(output.bucket, output.key)),
                "rows": rows[output.number],
                "input": inputs[output.number],
                "bytes": stored[output.key].size,
                "etag": stored[output.key].etag,
            }
            for output in outputs
        ]
        facts = {
            "job_id": str(job.id),
            "owner": job.owner,
            "model_version": job.model_version,
            "rows": rows.total(),
        }
        return json.dumps(facts | {"files": f"/batch-jobs/{job.id}/files", "objects": listed}, indent=1).encode()
