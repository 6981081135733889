"""Presigned addresses name the endpoint that users reach."""

import pytest

from common.objects import ObjectAddress, presigned_address
from common.settings import load


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://seaweedfs:8333")
    monkeypatch.setenv("OBJECT_STORE_ACCESS_KEY", "key")
    monkeypatch.setenv("OBJECT_STORE_SECRET_KEY", "secret of a test")
    load.cache_clear()
    return monkeypatch


def test_a_presigned_address_names_the_public_endpoint_if_there_is_one(store: pytest.MonkeyPatch) -> None:
    result = ObjectAddress("delivery-time", "results/1.csv")
    assert presigned_address(result, 60).startswith("http://seaweedfs:8333/delivery-time/results/1.csv?")
    store.setenv("OBJECT_STORE_PUBLIC_ENDPOINT", "http://127.0.0.1:8333")
    load.cache_clear()
    assert presigned_address(result, 60).startswith("http://127.0.0.1:8333/delivery-time/results/1.csv?")
