"""Links name the endpoint that users reach and are signed as every store accepts; parts say that they are bytes."""

from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from common.servers.objects import ObjectAddress, ObjectStore
from common.settings import ObjectStoreSettings

RESULT = ObjectAddress("delivery-time", "results/1.csv")


def store(**changes: str) -> ObjectStore:
    settings = {"endpoint": "http://seaweedfs:8333", "access_key": "key", "secret_key": "secret of a test"}
    return ObjectStore(ObjectStoreSettings(**settings | changes))  # type: ignore[arg-type]


def test_a_presigned_address_names_the_public_endpoint_if_there_is_one() -> None:
    assert store().presigned(RESULT, 60).startswith("http://seaweedfs:8333/delivery-time/results/1.csv?")
    public = store(public_endpoint="http://127.0.0.1:8333")
    assert public.presigned(RESULT, 60).startswith("http://127.0.0.1:8333/delivery-time/results/1.csv?")


@pytest.mark.parametrize("region", ["us-east-1", "sa-east-1", "eu-central-1"])
def test_links_are_signed_by_version_4_in_every_region(region: str) -> None:
    link = store(endpoint=f"https://s3.{region}.amazonaws.com", region=region).presigned(RESULT, 60)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert "AWSAccessKeyId" not in link


def test_a_part_is_sent_as_bytes_lest_the_store_compresses_it() -> None:
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {"ETag": '"1"'}, HTTPResponse(BytesIO(), preload_content=False))

    objects = store()
    objects._client.meta.events.register("before-send.s3.UploadPart", answer)
    objects.put_part(RESULT, "1", 1, b"a,b\n")
    assert sent[0].headers["Content-Type"] in ("binary/octet-stream", b"binary/octet-stream")
