"""The OpenAPI document is complete, and the gateway keeps what it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from gateway_fixtures import Gateway

ROUTES = {
    "/delivery_time",
    "/delivery_times",
    "/batch-jobs",
    "/batch-jobs/{job_id}",
    "/batch-jobs/{job_id}/cancel",
    "/batch-jobs/{job_id}/result",
    "/actuals",
    "/model",
    "/livez",
    "/readyz",
    "/metrics",
}


@pytest.fixture
def api(gateway: Gateway) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{gateway.url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_made_up_requests_find_nothing_that_the_document_does_not_say(case: schemathesis.Case) -> None:
    case.call_and_validate()


def test_every_route_of_the_contract_is_described_with_its_problems(gateway: Gateway) -> None:
    document = gateway.client.get("/openapi.json").json()
    assert set(document["paths"]) == ROUTES
    refused = document["paths"]["/delivery_time"]["post"]["responses"]["422"]["content"]
    assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Order"]["examples"]
