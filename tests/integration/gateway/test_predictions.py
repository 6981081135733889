"""Predictions over HTTP."""

import json

import httpx
import pytest

from support.example import ORDER
from support.gateway_fixtures import Gateway


def test_the_example_of_the_contract_is_answered_with_its_body(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_time", json=ORDER)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body)[:9] == [
        "seller_zip_code_prefix",
        "customer_lat",
        "customer_lng",
        "delivery_time",
        "delivery_time_days",
        "lower_days",
        "upper_days",
        "model_version",
        "seller_known",
    ]
    assert list(body)[9:] == ["delivery_date", "lower_date", "upper_date", "confidence", "pace_day"]
    assert body.items() >= ORDER.items()
    assert body["delivery_time"] == round(body["delivery_time_days"])
    assert body["lower_days"] <= body["delivery_time_days"] <= body["upper_days"]
    assert (body["model_version"], body["seller_known"]) == ("1", True)


def test_a_thousand_orders_of_which_everything_is_said_are_taken(gateway: Gateway) -> None:
    where = {f"{end}_{name}": "ä" * 64 for end in ("origin", "destination") for name in ("postal_code", "region")}
    moments = {"purchase_timestamp": "2018-05-17T10:00:00.123456-03:00", "promised_timestamp": "2018-06-01T00:00:00Z"}
    places = {"origin_lat": -23.5123456789, "origin_lng": -46.5, "destination_lat": -22.9, "destination_lng": -43.2}
    wishes = {"on_time_share": [0.5, 0.6, 0.7, 0.8, 0.9], "deliver_by": "2018-05-30"}
    order = {"order_id": "o" * 64, "origin_id": "ä" * 64, "origin_country": "DEU", "destination_country": "BRA"}
    content = json.dumps({"orders": [order | where | moments | places | wishes] * 1_000})
    assert len(content) > 2_000_000
    headers = {"Content-Type": "application/json"}
    answer = gateway.client.post("/delivery_times", content=content, headers=headers, timeout=30)
    assert (answer.status_code, len(answer.json())) == (200, 1_000)


def test_many_orders_get_the_answers_that_each_gets_alone(gateway: Gateway) -> None:
    orders = [
        {
            **ORDER,
            "seller_zip_code_prefix": prefix,
            "customer_lat": -30 + prefix / 10,
            "purchase_timestamp": "2018-05-01T00:00:00",
        }
        for prefix in range(1, 200)
    ]
    together = gateway.client.post("/delivery_times", json={"orders": orders})
    alone = [gateway.client.post("/delivery_time", json=order).json() for order in orders]
    assert together.json() == alone


GENERAL: list[dict[str, object]] = [
    {"origin_postal_code": "09350", "destination_lat": -23.577, "destination_lng": -46.587},
    {"origin_id": "shop-1", "origin_region": "SP", "destination_country": "BRA"},
    {"origin_lat": -20.5, "origin_lng": -45.0, "destination_postal_code": "01.001"},
    {"origin_country": "PT", "destination_region": "MG", "order_id": "general-4"},
    ORDER,
]


def test_orders_may_name_their_ends_in_any_way_each(gateway: Gateway) -> None:
    orders = [{**order, "purchase_timestamp": "2018-05-01T00:00:00"} for order in GENERAL]
    together = gateway.client.post("/delivery_times", json={"orders": orders})
    alone = [gateway.client.post("/delivery_time", json=order).json() for order in orders]
    assert together.json() == alone
    assert alone[0]["delivery_time_days"] == alone[-1]["delivery_time_days"]
    assert (alone[0]["origin_postal_code"], alone[1]["destination_country"]) == ("09350", "BR")
    assert {"order_id", "purchase_timestamp", "customer_lat"}.isdisjoint(alone[3])


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({**ORDER, "origin_postal_code": "09350"}, "seller_zip_code_prefix and origin_postal_code both say the same"),
        (
            {**ORDER, "destination_lat": 1.0, "destination_lng": 1.0},
            "customer_lat and destination_lat both say the same",
        ),
        ({"origin_id": "a"}, "the destination is missing"),
        ({**ORDER, "facts": {"weight": 1.5}}, "facts.weight is no fact of this shop"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(gateway: Gateway, order: dict[str, object], said: str) -> None:
    one = gateway.client.post("/delivery_time", json=order)
    many = gateway.client.post("/delivery_times", json={"orders": [ORDER, order]})
    assert (one.status_code, many.status_code) == (422, 422)
    assert said in one.json()["detail"]
    assert said.removeprefix("facts.") in many.json()["detail"]
    assert "orders" in many.text


@pytest.mark.parametrize(
    ("change", "pointer", "said"),
    [
        ({"customer_lat": 123.4}, "#/customer_lat", "customer_lat must be less than or equal to 90 (got 123.4)"),
        ({"customer_lng": "x"}, "#/customer_lng", "customer_lng must be a valid number (got 'x')"),
        ({"seller_zip_code_prefix": 0}, "#/seller_zip_code_prefix", "greater than or equal to 1 (got 0)"),
        ({"seller_zip_code_prefix": 9350.5}, "#/seller_zip_code_prefix", "valid integer"),
        ({"customer_lat": None}, "#/customer_lat", "customer_lat must not be null"),
        ({"colour/x": "red"}, "#/colour~1x", "colour/x is not a known field: leave it out"),
        ({"purchase_timestamp": "0001-01-01T00:00:00+10:00"}, "#/purchase_timestamp", "must be an ISO 8601 time from"),
        ({"order_id": "a\u0000b"}, "#/order_id", "order_id must"),
    ],
)
def test_a_field_at_fault_is_pointed_at(gateway: Gateway, change: dict[str, object], pointer: str, said: str) -> None:
    answer = gateway.client.post("/delivery_time", json={**ORDER, **change})
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert said in body["detail"]


def test_in_a_list_the_pointer_names_the_order(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_times", json={"orders": [ORDER, {**ORDER, "customer_lat": -91}]})
    assert answer.json()["errors"][0]["pointer"] == "#/orders/1/customer_lat"


def test_more_than_a_thousand_orders_are_refused(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_times", json={"orders": [ORDER] * 1_001})
    assert answer.status_code == 422
    assert "at most 1000 items" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"customer_lat": ' + b"[" * 10_000, b"[]garbage"],
)
def test_a_body_that_is_no_json_is_a_bad_request(gateway: Gateway, body: bytes) -> None:
    answer = gateway.client.post("/delivery_time", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (400, "Not JSON")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_not_finite_are_refused(gateway: Gateway, number: bytes) -> None:
    body = b'{"seller_zip_code_prefix": 1, "customer_lng": 0, "customer_lat": ' + number + b"}"
    answer = gateway.client.post("/delivery_time", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/customer_lat"


def test_another_content_type_is_refused_by_name(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_time", content=b"a=b", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "text/plain" in answer.json()["detail"]


def test_unknown_paths_and_methods_are_problems(gateway: Gateway) -> None:
    missing: httpx.Response = gateway.client.get("/nothing")
    wrong = gateway.client.get("/delivery_time")
    assert (missing.status_code, missing.json()["status"]) == (404, 404)
    assert (wrong.status_code, wrong.headers["allow"], wrong.json()["status"]) == (405, "POST", 405)


def test_every_answer_carries_an_id_and_the_security_headers(gateway: Gateway) -> None:
    answer = gateway.client.post("/delivery_time", json=ORDER, headers={"X-Request-ID": "mine-1"})
    another = gateway.client.post("/delivery_time", json=ORDER, headers={"X-Request-ID": "not\tgood"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert another.headers["x-request-id"] != "not\tgood"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
