"""GET /orders: the present word on an order, for its owner alone; the orders at risk, a page at a time."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import JSONB

from support.example import ORDER
from support.gateway_fixtures import Gateway, create_key, running_gateway
from support.waiting import wait_until

PAGE = Path(__file__).parents[3] / "docs" / "orders-at-risk.md"
BOUGHT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)


@pytest.fixture(scope="module")
def engine(migrated_postgres_url: str) -> Iterator[Engine]:
    """Of the gateway's database, in which no replay of another test's makes the present a past."""
    made = sqlalchemy.create_engine(migrated_postgres_url)
    with made.begin() as connection:
        connection.execute(sqlalchemy.text("DELETE FROM replays"))
    yield made
    made.dispose()


def log(
    engine: Engine,
    key_id: str = "",
    at: timedelta = timedelta(0),
    order_id: str = "",
    bought: datetime | None = None,
    **further: Any,
) -> str:
    """An answer in the prediction log, given some time after the purchase; the order's id."""
    order_id = order_id or uuid4().hex
    statement = sqlalchemy.text(
        "INSERT INTO predictions (id, predicted_at, request_id, order_id, model_version, role, key_id, further, "
        "seller_zip_code_prefix, customer_lat, customer_lng, purchase_timestamp, delivery_time_days, lower_days, "
        "upper_days, seller_known, latency_ms) VALUES (gen_random_uuid(), :bought + :at, 'r', :id, '1', 'champion', "
        ":key, :further, :seller_zip_code_prefix, :customer_lat, :customer_lng, :bought, 8.0049, 3, 20, true, 1)"
    ).bindparams(sqlalchemy.bindparam("further", type_=JSONB(none_as_null=True)))
    said = {"id": order_id, "key": key_id, "bought": bought or BOUGHT, "at": at, "further": further or None}
    with engine.begin() as connection:
        connection.execute(statement, {**said, **ORDER})
    return order_id


def report(gateway: Gateway, order_id: str, **words: datetime | None) -> None:
    said = {name: moment and moment.isoformat() for name, moment in words.items()}
    answer = gateway.client.post("/actuals", json={"actuals": [{"order_id": order_id, **said}]})
    assert answer.status_code == 202, answer.text


def promised(days: float) -> str:
    return (BOUGHT + timedelta(days=days)).replace(tzinfo=None).isoformat()


def status(gateway: Gateway, order_id: str) -> dict[str, Any]:
    answer = gateway.client.get(f"/orders/{order_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_an_order_under_way_is_expected_after_today_and_may_be_late(gateway: Gateway, engine: Engine) -> None:
    order_id = log(engine, promised_timestamp=promised(11))
    word = status(gateway, order_id)
    assert (word["status"], word["presumed_lost"]) == ("under_way", False)
    assert word["first_answer"]["delivery_time_days"] == 8
    estimate = word["present_estimate"]
    assert estimate["lower_days"] >= 10
    assert estimate["forecast_from"] == "purchase"
    today = datetime.now(UTC).date().isoformat()
    assert today <= estimate["lower_date"] <= estimate["delivery_date"] <= estimate["upper_date"]
    assert 0 < word["late_probability"] < 1
    assert datetime.fromisoformat(word["promised_at"]) == BOUGHT + timedelta(days=11)


def test_its_hand_over_moves_the_estimate_and_its_end_ends_it(gateway: Gateway, engine: Engine) -> None:
    order_id = log(engine, promised_timestamp=promised(11))
    before = status(gateway, order_id)["present_estimate"]
    report(gateway, order_id, shipped_at=BOUGHT + timedelta(days=9))
    after = status(gateway, order_id)["present_estimate"]
    assert after["forecast_from"] == "hand_over"
    assert after["delivery_time_days"] != before["delivery_time_days"]
    report(gateway, order_id, delivered_at=BOUGHT + timedelta(days=9, hours=5))
    done = status(gateway, order_id)
    assert (done["status"], done["present_estimate"], done["late_probability"]) == ("delivered", None, 0)
    report(gateway, order_id, lost_at=BOUGHT + timedelta(days=9), delivered_at=None)
    lost = status(gateway, order_id)
    assert (lost["status"], lost["present_estimate"], lost["late_probability"]) == ("lost", None, None)


def test_what_was_said_first_later_and_promised_is_put_together(gateway: Gateway, engine: Engine) -> None:
    order_id = log(engine)
    log(engine, order_id=order_id, at=timedelta(hours=1), promises=[[0.5, 7.0], [0.9, 12.0]])
    log(engine, order_id=order_id, at=timedelta(days=3), shipped_timestamp=promised(2))
    word = status(gateway, order_id)
    assert datetime.fromisoformat(word["first_answer"]["predicted_at"]) == BOUGHT
    assert datetime.fromisoformat(word["promised_at"]) == BOUGHT + timedelta(days=12)
    assert word["present_estimate"]["forecast_from"] == "hand_over"


def test_an_order_of_which_nobody_has_heard_for_long_is_presumed_lost_until_somebody_has(
    gateway: Gateway, engine: Engine
) -> None:
    order_id = log(engine, bought=datetime.now(UTC) - timedelta(days=300))
    word = status(gateway, order_id)
    assert (word["status"], word["presumed_lost"], word["lost_at"]) == ("under_way", True, None)
    report(gateway, order_id, delivered_at=datetime.now(UTC))
    assert not status(gateway, order_id)["presumed_lost"]


def test_without_a_promise_nothing_can_be_late(gateway: Gateway, engine: Engine) -> None:
    word = status(gateway, log(engine))
    assert (word["promised_at"], word["late_probability"]) == (None, None)


def test_an_order_that_nobody_asked_for_is_not_there(gateway: Gateway) -> None:
    answer = gateway.client.get(f"/orders/{uuid4().hex}")
    assert answer.status_code == 404
    assert "nobody asked for it" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"shipped_timestamp": -1}, "shipped_timestamp must not be before the purchase"),
        ({"shipped_timestamp": 30}, "shipped_timestamp must not be in the future"),
        ({"under_way_at": -1}, "under_way_at must not be before the purchase"),
        ({"shipped_timestamp": 3, "under_way_at": 2}, "under_way_at must not be before the hand-over"),
    ],
)
def test_moments_that_cannot_be_are_refused(gateway: Gateway, said: dict[str, int], reason: str) -> None:
    order = ORDER | {"purchase_timestamp": BOUGHT.isoformat()}
    order |= {name: (BOUGHT + timedelta(days=days)).isoformat() for name, days in said.items()}
    alone = gateway.client.post("/delivery_time", json=order)
    among_many = gateway.client.post("/delivery_times", json={"orders": [ORDER, order]})
    assert (alone.status_code, among_many.status_code) == (422, 422)
    assert alone.json()["detail"].startswith(reason)
    assert among_many.json()["detail"].startswith(f"orders.1.{reason}")


def test_the_example_of_the_documentation_is_answered(gateway: Gateway) -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'", PAGE.read_text(), re.DOTALL)
    answer = gateway.client.post("/delivery_time", json=json.loads(body)).json()
    assert answer["forecast_from"] == "hand_over"
    assert answer["lower_date"] >= "2018-05-12"


def test_a_request_may_say_what_is_known_of_an_order_later(gateway: Gateway) -> None:
    bought = BOUGHT - timedelta(days=90)
    order = ORDER | {"purchase_timestamp": bought.isoformat(), "order_id": uuid4().hex}
    days = gateway.client.post("/delivery_time", json=order).json()["delivery_time_days"]
    later = {"shipped_timestamp": 2, "under_way_at": days}
    said = {name: (bought + timedelta(days=days)).isoformat() for name, days in later.items()}
    asked = [order | {name: said[name] for name in names} for names in ((), ("shipped_timestamp",), tuple(said))]
    asked[-1] |= {"promised_timestamp": (bought + timedelta(days=days + 3)).isoformat()}
    alone = [gateway.client.post("/delivery_time", json=each).json() for each in asked]
    assert gateway.client.post("/delivery_times", json={"orders": asked}).json() == alone
    assert len({answer["delivery_time_days"] for answer in alone}) == 3
    assert [answer.get("forecast_from") for answer in alone] == [None, "hand_over", "hand_over"]
    assert alone[2]["lower_days"] >= days
    assert not {"shipped_timestamp", "under_way_at", "promised_timestamp"} & alone[2].keys()


@pytest.fixture(scope="module")
def guarded(gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway({**gateway_env, "GATEWAY_KEYS": "required"}, tmp_path_factory.mktemp("guarded")) as running:
        running.wait_ready()
        yield running


def test_an_owner_sees_his_own_orders_alone(guarded: Gateway, engine: Engine, gateway_env: dict[str, str]) -> None:
    mark = uuid4().hex[:8]
    mine, other, admin = (
        create_key(gateway_env, f"{name}-{mark}", *scopes)
        for name, scopes in (("mine", ["predict"]), ("other", ["predict"]), ("admin", ["admin"]))
    )
    jobs_alone = create_key(gateway_env, f"jobs-{mark}", "jobs")
    key_id = mine["Authorization"].split("_")[1]
    order_id = log(engine, key_id=key_id)
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO orders_at_risk (order_id, owner, purchase_timestamp, promised_at, expected_at, "
                "probability, model_version, at_risk, computed_at) VALUES (:id, :owner, now(), now(), now(), 0.7, '1', "
                "true, now())"
            ),
            {"id": order_id, "owner": f"mine-{mark}"},
        )

    def seen(headers: dict[str, str]) -> tuple[int, list[str]]:
        one = guarded.client.get(f"/orders/{order_id}", headers=headers)
        many = guarded.client.get("/orders", params={"at_risk": "true", "limit": 1000}, headers=headers)
        return one.status_code, [item["order_id"] for item in many.json().get("items", [])]

    wait_until(lambda: guarded.client.get("/model", headers=mine).status_code == 200)
    assert seen(mine) == (200, [order_id])
    assert seen(other) == (404, [])
    assert seen(admin)[0] == 200
    assert order_id in seen(admin)[1]
    assert seen(jobs_alone) == (403, [])
    reported = sqlalchemy.text("INSERT INTO actuals (order_id, delivered_at, owner) VALUES (:id, now(), :owner)")
    theirs = log(engine, key_id=key_id)
    with engine.begin() as connection:
        for each, owner in ((order_id, "mine"), (theirs, "other")):
            connection.execute(reported, {"id": each, "owner": f"{owner}-{mark}"})
    states = [guarded.client.get(f"/orders/{each}", headers=mine).json()["status"] for each in (order_id, theirs)]
    assert states == ["delivered", "under_way"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "at_risk is required"),
        ("at_risk=false", "at_risk must be true"),
        ("at_risk=true&cursor=x", "cursor must be"),
        ("at_risk=true&promised_from=2026-11-28T10:00:00", "promised_from"),
    ],
)
def test_the_list_is_of_orders_at_risk_alone(gateway: Gateway, query: str, reason: str) -> None:
    answer: httpx.Response = gateway.client.get(f"/orders?{query}")
    assert answer.status_code == 422
    assert reason in answer.json()["detail"]


def test_every_answer_about_an_order_is_told_the_first_one_first(gateway: Gateway, engine: Engine) -> None:
    order_id = log(engine)
    log(engine, order_id=order_id, at=timedelta(days=3))
    word = status(gateway, order_id)
    assert [datetime.fromisoformat(each["predicted_at"]) - BOUGHT for each in word["answers"]] == [
        timedelta(0), timedelta(days=3)
    ]  # fmt: skip
    assert word["answers"][0] == word["first_answer"]
