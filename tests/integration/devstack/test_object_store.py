"""The object store answers nobody without the right keys, by none of its doors."""

import json

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from devstack.stack import MLFLOW_BUCKET
from support.stack_fixtures import ObjectStore, TestServers


def put(store: ObjectStore, bucket: str, access_key: str, secret_key: str) -> int:
    """The HTTP status of an upload."""
    client = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=store.region,
    )
    try:
        return client.put_object(Bucket=bucket, Key="door", Body=b"secret")["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_only_the_right_keys_open_a_bucket(object_store: ObjectStore) -> None:
    store = object_store
    assert put(store, store.bucket, store.access_key, store.secret_key) == httpx.codes.OK
    assert put(store, store.bucket, store.access_key, "wrong") == httpx.codes.FORBIDDEN
    assert put(store, store.bucket, "unknown", store.secret_key) == httpx.codes.FORBIDDEN
    assert httpx.get(f"{store.endpoint}/{store.bucket}/door").status_code == httpx.codes.FORBIDDEN


def test_mlflows_keys_open_its_own_bucket_only(servers: TestServers, object_store: ObjectStore) -> None:
    keys = servers.stack.credentials
    mine = (keys.mlflow_access_key, keys.mlflow_secret_key)
    assert put(object_store, MLFLOW_BUCKET, *mine) == httpx.codes.OK
    assert put(object_store, object_store.bucket, *mine) == httpx.codes.FORBIDDEN


@pytest.mark.parametrize("path", ["", "{bucket}/", "{bucket}/door"])
def test_the_filer_behind_the_store_answers_nobody(servers: TestServers, object_store: ObjectStore, path: str) -> None:
    filer = json.loads((servers.stack.directory / "ports.json").read_text())["filer"]
    address = f"http://127.0.0.1:{filer}/buckets/{path.format(bucket=object_store.bucket)}"
    assert httpx.get(address).status_code == httpx.codes.UNAUTHORIZED
    assert httpx.put(address, content=b"intruder").status_code == httpx.codes.UNAUTHORIZED
