"""The object store answers nobody without the right keys, by none of its doors."""

import json

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from devstack.stack import BUCKET, MLFLOW_BUCKET, REGION, Stack
from support.stack_fixtures import TestServers


def put(stack: Stack, bucket: str, access_key: str, secret_key: str) -> int:
    """The HTTP status of an upload."""
    client = boto3.client(
        "s3",
        endpoint_url=stack.object_store_endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=REGION,
    )
    try:
        return client.put_object(Bucket=bucket, Key="door", Body=b"secret")["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture(scope="module")
def stack(servers: TestServers) -> Stack:
    """A stack whose object store runs."""
    assert servers.seaweedfs.pid
    return servers.stack


def test_only_the_right_keys_open_a_bucket(stack: Stack) -> None:
    keys = stack.credentials
    assert put(stack, BUCKET, keys.access_key, keys.secret_key) == httpx.codes.OK
    assert put(stack, BUCKET, keys.access_key, "wrong") == httpx.codes.FORBIDDEN
    assert put(stack, BUCKET, "unknown", keys.secret_key) == httpx.codes.FORBIDDEN
    assert httpx.get(f"{stack.object_store_endpoint}/{BUCKET}/door").status_code == httpx.codes.FORBIDDEN


def test_mlflows_keys_open_its_own_bucket_only(stack: Stack) -> None:
    mine = (stack.credentials.mlflow_access_key, stack.credentials.mlflow_secret_key)
    assert put(stack, MLFLOW_BUCKET, *mine) == httpx.codes.OK
    assert put(stack, BUCKET, *mine) == httpx.codes.FORBIDDEN


@pytest.mark.parametrize("path", ["", "{bucket}/", "{bucket}/door"])
def test_the_filer_behind_the_store_answers_nobody(stack: Stack, path: str) -> None:
    filer = json.loads((stack.directory / "ports.json").read_text())["filer"]
    address = f"http://127.0.0.1:{filer}/buckets/{path.format(bucket=BUCKET)}"
    assert httpx.get(address).status_code == httpx.codes.UNAUTHORIZED
    assert httpx.put(address, content=b"intruder").status_code == httpx.codes.UNAUTHORIZED
