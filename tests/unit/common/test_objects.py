"""Presigned addresses name the endpoint that users reach; parts of uploads say that they are bytes."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from common.servers.objects import ObjectAddress, presigned_address, s3
from common.settings import load


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://seaweedfs:8333")
    monkeypatch.setenv("OBJECT_STORE_ACCESS_KEY", "key")
    monkeypatch.setenv("OBJECT_STORE_SECRET_KEY", "secret of a test")
    load.cache_clear()
    s3.cache_clear()
    yield monkeypatch
    load.cache_clear()
    s3.cache_clear()


def test_a_presigned_address_names_the_public_endpoint_if_there_is_one(store: pytest.MonkeyPatch) -> None:
    result = ObjectAddress("delivery-time", "results/1.csv")
    assert presigned_address(result, 60).startswith("http://seaweedfs:8333/delivery-time/results/1.csv?")
    store.setenv("OBJECT_STORE_PUBLIC_ENDPOINT", "http://127.0.0.1:8333")
    load.cache_clear()
    assert presigned_address(result, 60).startswith("http://127.0.0.1:8333/delivery-time/results/1.csv?")


def test_a_part_is_sent_as_bytes_lest_the_store_compresses_it(store: pytest.MonkeyPatch) -> None:
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {"ETag": '"1"'}, HTTPResponse(BytesIO(), preload_content=False))

    s3().meta.events.register("before-send.s3.UploadPart", answer)
    s3().upload_part(Bucket="delivery-time", Key="x.csv", UploadId="1", PartNumber=1, Body=b"a,b\n")
    assert sent[0].headers["Content-Type"] in ("binary/octet-stream", b"binary/octet-stream")
