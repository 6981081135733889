"""The object store answers nobody without the right keys, by none of its doors."""

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from devstack.servers import seaweedfs
from devstack.servers.seaweedfs import GRPC_OFFSET
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
    refused = (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND)
    assert httpx.get(address).status_code in refused
    assert httpx.put(address, content=b"intruder").status_code in refused


def internal(stack: Stack, server: str) -> int:
    """The HTTP port of a part of the store; that of its gRPC lies GRPC_OFFSET above."""
    port: int = json.loads((stack.directory / "ports.json").read_text())[server]
    return port


@pytest.mark.parametrize("query", ["dir/assign", "dir/lookup?volumeId=1&fileId=1,02879d0b8b&read=yes", "vol/status"])
def test_the_master_behind_the_store_gives_nobody_a_token(stack: Stack, query: str) -> None:
    answer = httpx.get(f"http://127.0.0.1:{internal(stack, 'master')}/{query}")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert "authorization" not in answer.headers


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """An empty folder that every user of this machine may enter."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_another_user_of_the_machine_sees_and_deletes_nothing_through_the_store_s_inner_doors(
    stack: Stack, elsewhere: Path
) -> None:
    put(stack, BUCKET, stack.credentials.access_key, stack.credentials.secret_key)
    doors = {name: internal(stack, name) for name in ("master", "filer")}
    argv = [str(Path(sys.executable).parent / "weed"), "shell"]
    argv += [f"-{name}=127.0.0.1:{port}.{port + GRPC_OFFSET}" for name, port in doors.items()]
    asked = f"fs.ls /buckets/{BUCKET}\nfs.rm /buckets/{BUCKET}/door\n"
    with subprocess.Popen(
        argv,
        cwd=elsewhere,
        env={"HOME": str(elsewhere)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        user="nobody" if os.geteuid() == 0 else None,
    ) as shell:
        try:
            said, _ = shell.communicate(asked, timeout=3)
        except subprocess.TimeoutExpired:
            shell.kill()
            said, _ = shell.communicate()
    assert "door" not in said
    kept = seaweedfs.client(stack).get_object(Bucket=BUCKET, Key="door")
    assert kept["Body"].read() == b"secret"


def test_another_user_of_the_machine_cannot_read_what_the_store_keeps_on_disk(stack: Stack) -> None:
    for path in (stack.directory, stack.temp, stack.directory / "seaweedfs"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o066 == 0, path  # at most entered, where Postgres is nobody's
