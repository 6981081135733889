"""What one owner's keys may say, read and write: nothing that is another's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from common.database.session import Database
from common.database.tables import Actual, BatchJob
from common.servers.objects import ObjectStore
from support.example import CSV
from support.gateway_fixtures import Gateway, create_key, gateway_command, running_gateway
from support.stack_fixtures import placed

Header = dict[str, str]


def key(environment: dict[str, str], name: str, *more: str) -> Header:
    created = gateway_command(environment, "keys", "create", f"reach-{name}-{uuid4().hex}", *more)
    assert created.returncode == 0, created.stderr
    return {"Authorization": f"Bearer {created.stdout.strip()}"}


@pytest.fixture(scope="module")
def keys(gateway_env: dict[str, str]) -> dict[str, Header]:
    """Shop A reports actuals and has a key for its own folders; shop B does and may all; C may only ask."""
    reach = ("--scope", "jobs", "--read", "s3://delivery-time/a/in/", "--write", "s3://delivery-time/a/out/")
    both = ("--scope", "jobs", "--scope", "actuals")
    return {
        "a": key(gateway_env, "a", "--owner", "shop-a", *both),
        "a in its folders": key(gateway_env, "a", "--owner", "shop-a", *reach),
        "b": key(gateway_env, "b", "--owner", "shop-b", *both),
        "c": create_key(gateway_env, f"reach-c-{uuid4().hex}", "predict", "jobs"),
        "admin": create_key(gateway_env, f"reach-admin-{uuid4().hex}", "admin"),
    }


@pytest.fixture(scope="module")
def guarded(
    keys: dict[str, Header], gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    with running_gateway({**gateway_env, "GATEWAY_KEYS": "required"}, tmp_path_factory.mktemp("reach")) as running:
        running.wait_ready()
        yield running


def submit(gateway: Gateway, key: Header, **body: object) -> tuple[int, str]:
    answer = gateway.client.post("/batch-jobs", json=body, headers=key)
    return answer.status_code, answer.json().get("detail", answer.json().get("id"))


def test_who_may_only_ask_cannot_say_what_became_of_orders(guarded: Gateway, keys: dict[str, Header]) -> None:
    body = {"actuals": [{"order_id": "x", "delivered_at": "2018-05-01T10:00:00Z"}]}
    answer = guarded.client.post("/actuals", json=body, headers=keys["c"])
    assert answer.status_code == 403
    assert answer.json()["detail"].endswith("lacks the scope 'actuals'")
    job = submit(guarded, keys["c"], kind="actuals", input_uri="s3://delivery-time/a/in/words.csv")
    assert job[0] == 403


def test_one_owner_s_word_stands_against_another_s(
    guarded: Gateway, keys: dict[str, Header], database: Database
) -> None:
    order = uuid4().hex

    def say(key: str, day: int) -> dict[str, int]:
        body = {"actuals": [{"order_id": order, "delivered_at": f"2018-05-{day:02}T10:00:00Z"}]}
        answer = guarded.client.post("/actuals", json=body, headers=keys[key])
        assert answer.status_code == 202
        said: dict[str, int] = answer.json()
        return said

    assert say("a", 1) == {"accepted": 1}
    assert say("b", 2) == {"accepted": 0, "others": 1}
    assert say("a", 3) == {"accepted": 1}
    with database.transaction() as session:
        row = session.scalars(select(Actual).where(Actual.order_id == order)).one()
    assert (row.delivered_at, row.owner) == (datetime(2018, 5, 3, 10, tzinfo=UTC), "shop-a")
    assert row.key_id == keys["a"]["Authorization"].split("_")[1]
    assert say("admin", 4) == {"accepted": 1}


def test_a_key_with_prefixes_reads_and_writes_there_alone(
    guarded: Gateway, keys: dict[str, Header], store: ObjectStore
) -> None:
    mine, name = keys["a in its folders"], uuid4().hex
    placed(store, f"a/in/{name}.csv", CSV)
    placed(store, f"other/{name}.csv", CSV)
    inside, outside = f"s3://delivery-time/a/in/{name}.csv", f"s3://delivery-time/other/{name}.csv"
    assert submit(guarded, mine, input_uri=inside, output_uri=f"s3://delivery-time/a/out/{name}.csv")[0] == 202
    for around in (outside, f"s3://delivery-time/a/in/../../other/{name}.csv", f"s3://delivery-time//other/{name}.csv"):
        assert submit(guarded, mine, input_uri=around)[0] in (400, 403)
    for target in (f"other/{name}-out.csv", f"a/outside/{name}.csv", f"a/out//../{name}.csv", f"//a/out/{name}.csv"):
        status, detail = submit(guarded, mine, input_uri=inside, output_uri=f"s3://delivery-time/{target}")
        assert status in (400, 403), detail


def test_nobody_writes_into_results_and_reports(guarded: Gateway, keys: dict[str, Header], store: ObjectStore) -> None:
    given = placed(store, f"in/{uuid4()}.csv", CSV)
    for target in ("results/x/in.csv", "reports/live/x.csv", "results//x.csv"):
        status, _ = submit(
            guarded, keys["b"], input_uri=given, output_uri=f"s3://delivery-time/{target}", overwrite=True
        )
        assert status in (400, 403)


def test_an_object_that_no_job_of_one_s_own_wrote_is_not_overwritten(
    guarded: Gateway, keys: dict[str, Header], store: ObjectStore
) -> None:
    given, taken = placed(store, f"in/{uuid4()}.csv", CSV), placed(store, f"out/{uuid4()}.csv", CSV)
    assert submit(guarded, keys["b"], input_uri=given, output_uri=taken)[0] == 409
    assert submit(guarded, keys["b"], input_uri=given, output_uri=taken, overwrite=True)[0] == 202


def test_results_of_others_are_neither_read_nor_replaced(
    guarded: Gateway, keys: dict[str, Header], store: ObjectStore, database: Database
) -> None:
    given = placed(store, f"in/{uuid4()}.csv", CSV)
    result = placed(store, f"theirs/{uuid4()}/out.csv", CSV)
    row = {"id": uuid4(), "status": "succeeded", "input_uri": given, "output_uri": result, "owner": "shop-a"}
    with database.transaction() as session:
        session.execute(insert(BatchJob).values(row))
    folder = result.removesuffix("out.csv")
    for uri in (result, folder):
        assert submit(guarded, keys["b"], input_uri=uri)[0] == 403
    assert submit(guarded, keys["b"], input_uri=given, output_uri=result, overwrite=True)[0] == 403
    assert submit(guarded, keys["a"], input_uri=given, output_uri=result, overwrite=True)[0] == 202


def test_a_prefix_that_is_none_is_refused(gateway_env: dict[str, str]) -> None:
    made = gateway_command(gateway_env, "keys", "create", uuid4().hex, "--read", "s3://delivery-time/a//b/")
    assert made.returncode != 0
    assert "write s3://bucket/folder/" in made.stderr
