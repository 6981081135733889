import json
from typing import Any

import pytest
from pydantic import ValidationError

from common.errors import DeliveryTimeError, InvalidAddress, NoChampion
from gateway.http import problems
from gateway.routes.prediction_bodies import Order, OrderList


def body_for(model: type[Order | OrderList], sent: str) -> dict[str, Any]:
    """The problem's body for what was sent."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(sent)
    body: dict[str, Any] = json.loads(bytes(problems.invalid_request(caught.value.errors()).body))
    return body


def test_every_field_at_fault_is_listed_and_the_first_is_the_summary() -> None:
    body = body_for(Order, '{"customer_lat": 91, "customer_lng": 181, "seller_zip_code_prefix": 1}')
    assert [error["pointer"] for error in body["errors"]] == ["#/customer_lat", "#/customer_lng"]
    assert body["detail"].endswith("(got 91) (and 1 more, see errors)")


def test_a_pointer_escapes_what_json_pointers_and_uris_reserve() -> None:
    sent = '{"customer_lat": 1, "customer_lng": 1, "seller_zip_code_prefix": 1, "a/b~c %": 1}'
    assert body_for(Order, sent)["errors"][0]["pointer"] == "#/a~1b~0c%20%25"


def test_a_long_value_is_shortened() -> None:
    sent = json.dumps({"orders": "x" * 100_000})
    assert len(body_for(OrderList, sent)["detail"]) < 200


@pytest.mark.parametrize(("error", "status", "retry"), [(NoChampion("m"), 503, "5"), (InvalidAddress("x"), 400, None)])
def test_the_projects_errors_keep_their_status_and_503_says_when_to_come_back(
    error: DeliveryTimeError, status: int, retry: str | None
) -> None:
    response = problems.from_error(error)
    assert (response.status_code, response.headers.get("retry-after")) == (status, retry)
    assert json.loads(bytes(response.body))["detail"] == str(error)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("sellerZipCodePrefix", "did you mean seller_zip_code_prefix?"),
        ("customer_lat_", "did you mean customer_lat?"),
        ("colour", "leave it out"),
        ("customer_lat" * 10_000, "leave it out"),
    ],
)
def test_a_name_that_is_nearly_known_is_to_be_corrected_not_left_out(name: str, advice: str) -> None:
    place = {"customer_lat": 1, "customer_lng": 1, "seller_zip_code_prefix": 1}
    (fault,) = body_for(Order, json.dumps({**place, name: 1}))["errors"]
    assert fault["detail"].endswith(advice)


def test_an_order_without_its_list_is_told_where_it_belongs() -> None:
    body = body_for(OrderList, '{"seller_zip_code_prefix": 1}')
    assert {error["detail"] for error in body["errors"]} == {
        'orders is required: send {"orders": [ … ]}',
        "seller_zip_code_prefix belongs elsewhere: into the items of the list, or nowhere in this request",
    }


def test_the_log_has_the_field_and_the_rule_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    body_for(Order, '{"customer_lat": 91.5, "customer_lng": 1, "seller_zip_code_prefix": 1}')
    assert caplog.messages == ["invalid input: less_than_equal at #/customer_lat"]


def test_a_code_with_leading_zeros_is_told_both_ways_out() -> None:
    place = {"customer_lat": 1, "customer_lng": 1}
    (fault,) = body_for(Order, json.dumps({**place, "seller_zip_code_prefix": "09350"}))["errors"]
    assert "a number, without quotes and leading zeros: 9350; as text it is origin_postal_code" in fault["detail"]
    assert body_for(Order, '{"seller_zip_code_prefix": 09350}')["detail"].endswith("a number has no leading zeros")
