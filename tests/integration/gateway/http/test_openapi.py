"""The OpenAPI document is complete, and the gateway keeps what it says."""

from functools import cache

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from support.gateway_fixtures import Gateway

OPERATIONS = [
    ("POST", "/delivery_time"),
    ("POST", "/delivery_times"),
    ("POST", "/batch-jobs"),
    ("GET", "/batch-jobs"),
    ("GET", "/batch-jobs/{job_id}"),
    ("POST", "/batch-jobs/{job_id}/cancel"),
    ("GET", "/batch-jobs/{job_id}/result"),
    ("GET", "/batch-jobs/{job_id}/files"),
    ("POST", "/actuals"),
    ("DELETE", "/orders/{order_id}"),
    ("GET", "/orders/{order_id}"),
    ("GET", "/orders"),
    ("GET", "/model"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]
WITHOUT_INPUT = {"/model", "/livez", "/readyz", "/metrics"}
OPAQUE_INPUT = {"/batch-jobs", "/actuals", "/orders"}
"""A cursor is opaque, a result must lie outside its input, a delivery must have come: no schema says which strings are
right."""

PARAMETERS = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@cache
def api(url: str) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{url}/openapi.json")


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (method, path, mode)
        for method, path in OPERATIONS
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or path not in WITHOUT_INPUT
    ],
)
def test_made_up_requests_get_what_the_document_says(
    gateway: Gateway, method: str, path: str, mode: GenerationMode
) -> None:
    operation = api(gateway.url)[path][method]

    @PARAMETERS
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        if mode is GenerationMode.POSITIVE:
            _forget("facts", case.body)
            _forget("deliver_by", case.body)
            _forget("shipped_timestamp", case.body)
            _forget("under_way_at", case.body)
        case.call_and_validate(excluded_checks=[positive_data_acceptance] if path in OPAQUE_INPUT else [])

    check()


def _forget(name: str, body: object) -> None:
    """No document knows which facts a shop declares, or that an order arrives after it was bought."""
    if isinstance(body, dict):
        body.pop(name, None)
        orders = body.get("orders")
        for order in orders if isinstance(orders, list) else ():
            _forget(name, order)


def test_every_route_of_the_contract_is_described_with_its_problems(gateway: Gateway) -> None:
    document = gateway.client.get("/openapi.json").json()
    assert set(document["paths"]) == {path for _, path in OPERATIONS}
    refused = document["paths"]["/delivery_time"]["post"]["responses"]["422"]["content"]
    assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Order"]["examples"]
