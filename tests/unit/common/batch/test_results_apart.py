"""What one job wrote stays apart from what another writes: not in a result, not in a manifest's place."""

import json
from uuid import UUID, uuid4

import pytest

from common.batch.outputs import result_of
from common.batch.results import manifest_of, marks, refuse_foreign, refuse_owned, success_of
from common.errors import InvalidInput, OutOfReach, OutputNotOurs
from common.servers.objects import ObjectAddress
from support.stand_ins.memory_store import MemoryStore

JOB = UUID(int=1)
OUT = ObjectAddress("bucket", "nightly/out/")
PART = f"{OUT.key}part-00000-{JOB}.csv"


@pytest.fixture
def store() -> MemoryStore:
    """With a whole result of a folder."""
    store, mark = MemoryStore(), marks(JOB, "shop-a")
    store.keep(PART, b"x\n1\n", mark)
    manifest = {"job_id": str(JOB), "owner": "shop-a", "objects": [{"uri": f"s3://bucket/{PART}", "etag": "etag"}]}
    store.keep(manifest_of(OUT).key, json.dumps(manifest).encode(), mark)
    store.keep(success_of(OUT).key, b"", mark)
    return store


@pytest.mark.parametrize("key", [PART, f"{OUT.key}today.csv", f"{OUT.key}deep/er/today.csv", f"{OUT.key}today/"])
def test_nothing_is_written_into_a_whole_result(store: MemoryStore, key: str) -> None:
    """Whoever reads the folder would read it too."""
    with pytest.raises(OutputNotOurs, match=r"lies in s3://bucket/nightly/out/, the result of an earlier job"):
        refuse_foreign(store, ObjectAddress("bucket", key), "shop-a")


@pytest.mark.parametrize("key", ["nightly/out2/", "nightly/today.csv", "nightly/out.csv", "nightly/", "out/", "x.csv"])
def test_beside_and_above_a_result_others_have_their_place(store: MemoryStore, key: str) -> None:
    address = ObjectAddress("bucket", key)
    if key == "nightly/":
        with pytest.raises(OutputNotOurs, match="holds out"):
            refuse_foreign(store, address, "shop-a")
    else:
        refuse_foreign(store, address, "shop-a")


def test_a_result_takes_the_place_of_itself(store: MemoryStore) -> None:
    refuse_foreign(store, OUT, "shop-a")


@pytest.mark.parametrize("name", ["out.manifest.json", "out/_SUCCESS", "_SUCCESS"])
def test_a_csv_result_is_not_named_like_what_folders_are_known_by(name: str) -> None:
    with pytest.raises(InvalidInput, match="must name a plain CSV object"):
        result_of(uuid4(), ObjectAddress("bucket", "in.csv"), ObjectAddress("bucket", f"nightly/{name}"), "bucket")


@pytest.mark.parametrize("key", [OUT.key, PART])
def test_what_another_owner_wrote_is_not_overwritten_although_its_job_is_forgotten(
    store: MemoryStore, key: str
) -> None:
    address = ObjectAddress("bucket", key)
    refuse_owned(store, address, "shop-a")
    with pytest.raises(OutOfReach, match="no other owner's job has written"):
        refuse_owned(store, address, "shop-b")
    refuse_owned(store, ObjectAddress("bucket", "nothing/there"), "shop-b")
