"""What a further field of an order costs: one line. Gateway, log, consumer and scorer take the field from there.

It is added to a copy of `common`.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

import common
from support.example import ORDER
from support.gateway_fixtures import Gateway, running_gateway

BEFORE = "    order_id: OrderId | None = None\n"
FIELD = '    weight_g: Annotated[float, Field(ge=0, le=100_000, description="grams")] | None = None\n'

CONSUMED = """
import sys
from redis import Redis
from sqlalchemy import create_engine
from monitor.log.consumer import LogConsumer
consumer = LogConsumer(Redis.from_url(sys.argv[1]), create_engine(sys.argv[2]))
consumer.join_group()
while consumer.consume_once():
    pass
"""

VALIDATED = """
import json, sys
from datetime import datetime
import pyarrow as pa
from common.orders.clock import Clock
from common.orders.reading import Reading
from common.orders.validation import validate
columns = {name: pa.array([value] * 3) for name, value in json.loads(sys.argv[1]).items()}
columns["weight_g"] = pa.array(["250", None, "-1"])
checked = validate(columns, datetime(2018, 3, 5), Reading(Clock("UTC")))
print(json.dumps([str(checked.orders.numbers["weight_g"]), checked.reasons[2]]))
"""


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A folder with a copy of `common` that has the further field."""
    shutil.copytree(Path(common.__file__).parent, tmp_path / "common", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "common" / "orders" / "fields.py"
    source = file.read_text()
    assert source.count(BEFORE) == 1
    file.write_text(source.replace(BEFORE, BEFORE + FIELD))
    return tmp_path


def run(folder: Path, program: str, *arguments: str) -> str:
    argv = [sys.executable, "-c", program, *arguments]
    environment = {"PYTHONPATH": str(folder), "PATH": ""}
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def database_url(postgres_url: str, changed: Path) -> str:
    """A schema of its own with the tables of the changed `common`."""
    schema = f"order_field_{uuid4().hex}"
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    engine.dispose()
    url = f"{postgres_url}?options=-csearch_path%3D{schema}"
    run(changed, "import sys; from common.database.migrate import migrate; migrate(sys.argv[1])", url)
    return url


@pytest.fixture
def gateway(changed: Path, database_url: str, gateway_env: dict[str, str]) -> Iterator[Gateway]:
    environment = {**gateway_env, "DATABASE_URL": database_url, "PYTHONPATH": str(changed)}
    with running_gateway(environment, changed) as running:
        running.wait_ready()
        yield running


def test_an_optional_field_reaches_the_log_s_table(
    changed: Path, gateway: Gateway, database_url: str, valkey_url: str
) -> None:
    schema = gateway.client.get("/openapi.json").json()["components"]["schemas"]["Order"]
    assert schema["properties"]["weight_g"]["anyOf"][0]["maximum"] == 100_000
    refused = gateway.client.post("/delivery_time", json={**ORDER, "weight_g": -1})
    assert refused.json()["errors"][0]["pointer"] == "#/weight_g"
    alone = {**ORDER, "order_id": "alone", "weight_g": 250}
    among = {**ORDER, "order_id": "among-others", "weight_g": 251.5}
    assert gateway.client.post("/delivery_time", json=alone).is_success
    assert gateway.client.post("/delivery_times", json={"orders": [among, ORDER]}).is_success
    gateway.stop()
    run(changed, CONSUMED, valkey_url, database_url)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT order_id, CAST(further->>'weight_g' AS float) FROM predictions")).all()
    engine.dispose()
    assert {("alone", 250.0), ("among-others", 251.5), (None, None)} <= {tuple(row) for row in stored}


def test_it_is_taken_from_files_too(changed: Path) -> None:
    given, reason = json.loads(run(changed, VALIDATED, json.dumps(ORDER)))
    assert given == "[250.  nan]"
    assert reason == "weight_g must be a number between 0 and 100000 (got -1)"
