"""What the containers promise beside the product: few rights, no loss when one dies, clear words in bad states."""

import csv
import io
import itertools
import subprocess
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from e2e.compose_system import ROOT, ComposeSystem, compose
from support.waiting import wait_until

OWN = ("gateway", "console", "scorer", "monitor", "retrainer", "mlflow")
MEGABYTES = {"gateway": 320, "console": 400, "scorer": 920}
ROWS = 3_000_000
"""Enough for several chunks a scorer: the job must not end before one is killed."""


@pytest.mark.parametrize("service", OWN)
def test_a_container_has_no_root_no_writable_code_and_no_tools(system: ComposeSystem, service: str) -> None:
    attempt = (
        "id -u; touch /app/new 2>&1; command -v gcc make git uv pytest || echo no tools; grep CapEff /proc/self/status"
    )
    told = system.compose("exec", "--no-TTY", service, "sh", "-c", attempt).stdout
    assert told.startswith("10001\n")
    assert "Read-only file system" in told
    assert "no tools" in told
    assert told.split()[-1] == "0000000000000000"


@pytest.mark.parametrize(("service", "limit"), MEGABYTES.items())
def test_an_image_is_small(system: ComposeSystem, service: str, limit: int) -> None:
    prefix, version = system.environment.get("IMAGE_PREFIX", "delivery-time"), system.environment.get("VERSION", "dev")
    image = f"{prefix}/{service}:{version}"
    assert int(docker("image", "inspect", "--format", "{{.Size}}", image)) <= limit * 1_000_000


def test_only_what_people_use_is_published_and_on_loopback_alone(system: ComposeSystem) -> None:
    published: dict[str, str] = {}
    for line in system.compose("ps", "--format", "{{.Service}} {{.Ports}}").stdout.splitlines():
        service, _, ports = line.partition(" ")
        if reached := [port for port in ports.split(", ") if "->" in port]:
            assert all(port.startswith("127.0.0.1:") for port in reached), line
            published[service] = ports
    assert set(published) == {"gateway", "console", "mlflow", "seaweedfs", "prometheus"}
    assert docker("network", "inspect", "--format", "{{.Internal}}", f"{system.project}_servers") == "true"


def test_prometheus_sees_the_gateway(system: ComposeSystem) -> None:
    def scraped() -> bool:
        address = f"http://127.0.0.1:{system.environment['PROMETHEUS_PORT']}/api/v1/query"
        found = httpx.get(address, params={"query": 'up{job="gateway"}'}).json()["data"]["result"]
        return bool(found) and found[0]["value"][1] == "1"

    wait_until(scraped, 60, what="Prometheus to read the gateway's figures")


def test_a_scorer_killed_in_the_middle_of_a_job_costs_no_row(system: ComposeSystem) -> None:
    system.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "scorer=3", "scorer")
    victim = system.compose("ps", "--quiet", "scorer").stdout.split()[0]
    uri = upload(system.settings, "e2e/many.csv")
    address = system.gateway.post("/batch-jobs", json={"input_uri": uri}).headers["Location"]
    wait_until(lambda: 0 < system.gateway.get(address).json()["progress"] < 1, 120, what="the job to get going")
    docker("kill", "--signal", "KILL", victim)
    assert system.gateway.get(address).json()["status"] == "running", "the job had ended before the worker was killed"

    wait_until(lambda: system.gateway.get(address).json()["finished_at"] is not None, 240, what="the job to end")
    job = system.gateway.get(address).json()
    assert (job["status"], job["rows_total"], job["rows_done"], job["rows_failed"]) == ("succeeded", ROWS, ROWS, 0), job
    result = httpx.get(system.gateway.get(f"{address}/result").headers["Location"], timeout=120)
    rows = csv.reader(io.StringIO(result.text))
    prediction = next(rows).index("prediction")
    for number, row in enumerate(rows):
        assert row[0] == str(number)
        assert row[prediction]
    assert number == ROWS - 1


def upload(settings: dict[str, str], key: str) -> str:
    store: Any = boto3.client(
        "s3",
        endpoint_url=settings["OBJECT_STORE_ENDPOINT"],
        aws_access_key_id=settings["OBJECT_STORE_ACCESS_KEY"],
        aws_secret_access_key=settings["OBJECT_STORE_SECRET_KEY"],
        region_name="us-east-1",
    )
    header = "number,seller_zip_code_prefix,customer_lat,customer_lng\n"
    lines = (f"{number},9350,-23.577,-46.587\n" for number in range(ROWS))
    store.put_object(Bucket="delivery-time", Key=key, Body="".join(itertools.chain([header], lines)).encode())
    return f"s3://delivery-time/{key}"


def test_tables_of_an_older_version_are_migrated(system: ComposeSystem) -> None:
    older = {**system.environment, "COMPOSE_PROJECT_NAME": f"{system.project}-older"}
    imports = "from common.database.migrate import migrate; from common.settings import DatabaseSettings, load; "
    only_first = f"{imports}migrate(load(DatabaseSettings).url.get_secret_value(), '0001')"
    try:
        compose(older, "up", "--detach", "--wait", "postgres")
        compose(older, "run", "--rm", "--no-TTY", "migrate", "python", "-c", only_first)
        assert revision(older) == "0001"
        compose(older, "run", "--rm", "--no-TTY", "migrate")
        assert revision(older) == revision(system.environment)
        compose(older, "stop", "postgres")
        refused = compose(older, "run", "--rm", "--no-TTY", "--no-deps", "migrate", check=False)
        assert refused.returncode != 0
        assert "the database does not answer" in refused.stdout + refused.stderr
        assert "Traceback" not in refused.stdout + refused.stderr
    finally:
        compose(older, "down", "--volumes", "--timeout", "5", check=False)


def revision(environment: dict[str, str]) -> str:
    asked = ("psql", "-U", "postgres", "-d", "delivery_time", "-Atc", "SELECT version_num FROM alembic_version")
    return compose(environment, "exec", "--no-TTY", "postgres", *asked).stdout.strip()


def test_grafana_may_read_the_metrics_and_nothing_may_be_written_by_it(system: ComposeSystem) -> None:
    def as_grafana(statement: str) -> subprocess.CompletedProcess[str]:
        address = f"postgresql://grafana:{system.secrets['GRAFANA_DATABASE_PASSWORD']}@127.0.0.1/delivery_time"
        return system.compose("exec", "--no-TTY", "postgres", "psql", address, "-Atc", statement, check=False)

    assert as_grafana("SELECT count(*) FROM model_metrics").returncode == 0
    assert "read-only" in as_grafana("DELETE FROM model_metrics").stderr
    assert "permission denied" in as_grafana("BEGIN READ WRITE; DELETE FROM model_metrics").stderr


def test_without_secrets_compose_says_what_to_run(system: ComposeSystem, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    refused = compose({**system.environment, "COMPOSE_ENV_FILES": str(tmp_path / "empty")}, "config", check=False)
    assert refused.returncode != 0
    assert "run `make env` first" in refused.stderr


def test_a_wrong_key_of_the_object_store_is_named(system: ComposeSystem) -> None:
    wrong = ("--env", "OBJECT_STORE_SECRET_KEY=wrong")
    command = ("python", "-m", "scorer.cli", "submit", "s3://delivery-time/orders.csv")
    refused = system.compose("run", "--rm", "--no-TTY", "--no-deps", *wrong, "scorer", *command, check=False)
    assert refused.returncode == 1
    assert "OBJECT_STORE_SECRET_KEY" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_taken_port_is_named(system: ComposeSystem) -> None:
    second = {**system.environment, "COMPOSE_PROJECT_NAME": f"{system.project}-second"}
    try:
        refused = compose(second, "up", "--detach", "--no-deps", "prometheus", check=False)
        assert refused.returncode != 0
        assert f"127.0.0.1:{system.environment['PROMETHEUS_PORT']}" in refused.stderr
    finally:
        compose(second, "down", "--volumes", "--timeout", "5", check=False)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ASK_THE_MASTER = """
import socket, ssl
plain = socket.create_connection(("seaweedfs", 19333), 5)
plain.settimeout(3)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(["h2"])
try:
    door = context.wrap_socket(plain)
    door.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    print("answered" if door.recv(9) else "closed")
except (ssl.SSLError, OSError) as error:
    print("refused", type(error).__name__)
"""
"""As gRPC begins, with TLS, but without a certificate of the store's."""


def test_a_container_beside_the_object_store_gets_no_word_out_of_its_inner_doors(system: ComposeSystem) -> None:
    told = system.compose("exec", "--no-TTY", "gateway", "python", "-c", ASK_THE_MASTER).stdout.strip()
    assert told.startswith(("refused", "closed")), told
