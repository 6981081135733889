"""Files that would take a worker's memory: scored by a process of their own, or ended with a reason; others go on."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.separate import MEMORY_BYTES
from support.scorer.rig import Rig, csv_file

ROWS = 20_000


def of_lists(text: str, values: int) -> bytes:
    """Parquet whose first row has a list of references to one text, and whose others have one of them."""
    offsets = np.concatenate([[0], values + np.arange(ROWS)]).astype(np.int32)
    references = pa.DictionaryArray.from_arrays(np.zeros(offsets[-1], np.int32), pa.array([text]))
    columns = {"seller_zip_code_prefix": np.full(ROWS, 9350), "customer_lat": np.full(ROWS, -23.5)}
    columns |= {"customer_lng": np.full(ROWS, -46.5)}
    sink = io.BytesIO()
    pq.write_table(
        pa.table({**columns, "tags": pa.ListArray.from_arrays(offsets, references)}), sink, store_schema=False
    )
    return sink.getvalue()


def test_what_cannot_be_bounded_is_scored_by_a_process_of_its_own(rig: Rig) -> None:
    body = rig.scored(rig.put("hostile/harmless.parquet", of_lists("x" * 4_000, 50_000 // ROWS + 1)))
    assert (body["status"], body["rows_total"], body["rows_failed"]) == ("succeeded", ROWS, 0)


def test_a_file_that_takes_more_memory_than_there_is_ends_its_job_with_the_reason(rig: Rig) -> None:
    body = rig.scored(rig.put("hostile/bomb.parquet", of_lists("x" * 100_000, ROWS)))
    assert body["status"] == "failed"
    assert f"hostile/bomb.parquet needs more than {MEMORY_BYTES:,} bytes of memory" in body["error"]
    assert body["attempts"] == 1


def test_work_whose_worker_died_without_a_word_is_taken_up_by_a_process_of_its_own(rig: Rig) -> None:
    job_id = rig.submit(rig.put("hostile/innocent.csv", csv_file(50)), wake=False)
    scorer = rig.scorer
    planned = scorer.plans.claim(job_id)
    assert planned
    scorer.plans.make(planned)
    died = scorer.chunks.claim(job_id)
    assert died
    scorer.chunks.give_back(died, wait=0, fault=None, counted=True)  # as a lease that ends
    body = rig.drive(job_id)
    assert (body["status"], body["rows_total"]) == ("succeeded", 50)
