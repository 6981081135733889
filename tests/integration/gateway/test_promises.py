"""Dates, promises and probabilities over HTTP: read from one distribution, alike in single answers and in lists."""

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.model.uncertainty.confidence import REASONS
from support.example import ORDER
from support.gateway_fixtures import Gateway

BOUGHT = datetime(2018, 5, 11, 22, 30)  # noqa: DTZ001
ASKED = {**ORDER, "purchase_timestamp": BOUGHT.isoformat()}
SHARES = [0.5, 0.75, 0.9, 0.95, 0.99]


def answer_to(gateway: Gateway, **further: Any) -> dict[str, Any]:
    """The single answer; in a list the order gets the same."""
    order = {**ASKED, **further}
    alone = gateway.client.post("/delivery_time", json=order)
    assert alone.status_code == 200, alone.text
    among = gateway.client.post("/delivery_times", json={"orders": [ORDER, order]})
    assert among.json()[1] == alone.json()
    body: dict[str, Any] = alone.json()
    return body


def refusal_of(gateway: Gateway, **further: Any) -> str:
    """What a refused order is told; in a list it is named."""
    order = {**ASKED, **further}
    alone = gateway.client.post("/delivery_time", json=order)
    among = gateway.client.post("/delivery_times", json={"orders": [ORDER, order]})
    assert (alone.status_code, among.status_code) == (422, 422)
    detail: str = alone.json()["detail"]
    assert among.json()["detail"] == f"orders.1.{detail}"
    return detail


def test_the_dates_are_those_that_the_days_end_on(gateway: Gateway) -> None:
    body = answer_to(gateway)
    for name, days in (
        ("delivery_date", body["delivery_time_days"]),
        ("lower_date", body["lower_days"]),
        ("upper_date", body["upper_days"]),
    ):
        assert body[name] == (BOUGHT + timedelta(days=days)).date().isoformat()


def test_several_promises_come_in_the_order_in_which_they_were_asked_for(gateway: Gateway) -> None:
    wanted = [0.9, 0.5, 0.95]
    promises = answer_to(gateway, on_time_share=wanted)["promises"]
    assert [promise["on_time_share"] for promise in promises] == wanted
    assert promises[1]["days"] < promises[0]["days"] < promises[2]["days"]
    for promise in promises:
        assert promise["date"] == (BOUGHT + timedelta(days=promise["days"])).date().isoformat()


def test_one_share_gives_one_promise_and_none_gives_none(gateway: Gateway) -> None:
    (promise,) = answer_to(gateway, on_time_share=0.95)["promises"]
    body = answer_to(gateway, on_time_share=None, deliver_by=None)
    assert (promise["days"], promise["date"]) == (body["upper_days"], body["upper_date"])
    assert {"promises", "deliver_by_probability"}.isdisjoint(body)


def test_a_promise_has_its_share_as_probability_by_its_date_and_less_by_the_day_before(gateway: Gateway) -> None:
    for promise in answer_to(gateway, on_time_share=SHARES)["promises"]:
        moment = BOUGHT + timedelta(days=promise["days"])
        day = date.fromisoformat(promise["date"])
        share = promise["on_time_share"]
        by = {
            given: answer_to(gateway, deliver_by=given)["deliver_by_probability"]
            for given in (moment.isoformat(), day.isoformat(), (day - timedelta(days=1)).isoformat())
        }
        at_moment, by_date, day_before = by.values()
        assert at_moment == pytest.approx(share, abs=0.003)
        assert day_before < share <= by_date


def test_orders_of_one_list_may_each_ask_for_something_else(gateway: Gateway) -> None:
    orders: list[dict[str, Any]] = [
        {**ASKED, "on_time_share": SHARES},
        ASKED,
        {**ASKED, "on_time_share": 0.8, "deliver_by": "2018-05-30"},
        {**ASKED, "deliver_by": "2018-05-20T12:00:00-03:00"},
    ]
    together = gateway.client.post("/delivery_times", json={"orders": orders}).json()
    assert together == [gateway.client.post("/delivery_time", json=order).json() for order in orders]


def test_a_date_on_the_day_of_the_purchase_can_be_asked_for(gateway: Gateway) -> None:
    assert answer_to(gateway, deliver_by="2018-05-11")["deliver_by_probability"] < 0.01


@pytest.mark.parametrize("share", [0.49, 0.995, 1, 0, -0.9, 90, "0.9", True, [], [0.9, 2], {"share": 0.9}, [[0.9]]])
def test_a_share_outside_its_range_is_refused(gateway: Gateway, share: object) -> None:
    assert "on_time_share must be a share from 0.5 to 0.99" in refusal_of(gateway, on_time_share=share)


def test_six_shares_are_refused(gateway: Gateway) -> None:
    assert "a list of 1 to 5 of them" in refusal_of(gateway, on_time_share=[0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


@pytest.mark.parametrize("deliver_by", ["2018-05-10", "2018-05-11T22:00:00", "2018-05-12T00:00:00+09:00"])
def test_what_is_to_arrive_before_it_is_bought_is_refused(gateway: Gateway, deliver_by: str) -> None:
    said = refusal_of(gateway, deliver_by=deliver_by)
    assert said.startswith(f"deliver_by must not be before the purchase (got {deliver_by}, bought 2018-05-11")


@pytest.mark.parametrize("deliver_by", ["soon", "", "2018-13-01", "1999-01-01", "2100-01-01", 20180530, [], "24:00"])
def test_what_is_no_date_is_refused(gateway: Gateway, deliver_by: object) -> None:
    assert "deliver_by must be a date or an ISO 8601 time from 2000" in refusal_of(gateway, deliver_by=deliver_by)


def test_the_last_day_that_can_be_named_is_answered(gateway: Gateway) -> None:
    body = answer_to(gateway, purchase_timestamp="2099-12-31T23:00:00", deliver_by="2099-12-31", on_time_share=0.99)
    assert body["promises"][0]["date"] > "2100"


def test_the_confidence_says_what_speaks_against_an_answer(gateway: Gateway) -> None:
    sure, swapped = (answer_to(gateway, **change)["confidence"] for change in ({}, {"customer_lat": 80.0}))
    assert "destination_outside" in swapped["reasons"]
    assert "destination_outside" not in sure["reasons"]
    assert swapped["level"] == "low"


def test_the_examples_of_the_page_about_promises_are_answered(gateway: Gateway) -> None:
    page = (Path(__file__).parents[3] / "docs" / "promises.md").read_text()
    asked = [json.loads(body) for body in re.findall(r"```json\nPOST /delivery_time\n(.*?)```", page, re.DOTALL)]
    assert asked
    for order in asked:
        answer = gateway.client.post("/delivery_time", json=order)
        assert answer.status_code == 200
        documented = set(re.findall(r"`(\w+)`", page))
        assert set(answer.json()) - set(order) - {"delivery_time", "model_version", "seller_known"} <= documented
    assert set(REASONS) <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
