"""What a further field of an order costs: the lines below and no others, in three files if it is logged.

They are added to a copy of `common`; the gateway, the log's consumer and the scorer take the field from there.
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

LOGGED = {
    "orders/fields.py": (
        "    order_id: OrderId | None = None\n",
        '    weight_g: Annotated[float, Field(ge=0, le=100_000, description="grams")] | None = None\n',
    ),
    "servers/prediction_log.py": (
        "    latency_ms: float\n",
        "    weight_g: float | None = None\n",
    ),
    "database/migrations/versions/0305_replays.py": (  # in real life a file of its own
        "def upgrade() -> None:\n",
        '    op.add_column("predictions", sa.Column("weight_g", sa.Double(), nullable=True))\n',
    ),
}
READ_BY_THE_MODEL = {
    "orders/fields.py": (
        "    purchase_timestamp: NDArray[np.datetime64]\n",
        "    weight_g: NDArray[np.float64]\n",
    ),
}

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
from common.orders.validation import validate
columns = {name: pa.array([value] * 3) for name, value in json.loads(sys.argv[1]).items()}
without = validate(columns, datetime(2018, 3, 5))
given = validate({**columns, "weight_g": pa.array(["250", None, "-1"])}, datetime(2018, 3, 5))
print(json.dumps([str(without.orders.weight_g), str(given.orders.weight_g), given.reasons[2]]))
"""


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A folder with a copy of `common` that has the further field in its log."""
    shutil.copytree(Path(common.__file__).parent, tmp_path / "common", ignore=shutil.ignore_patterns("__pycache__"))
    add(tmp_path, LOGGED)
    return tmp_path


def add(folder: Path, lines: dict[str, tuple[str, str]]) -> None:
    for name, (before, line) in lines.items():
        file = folder / "common" / name
        source = file.read_text()
        assert source.count(before) == 1
        file.write_text(source.replace(before, before + line))


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
        stored = connection.execute(text("SELECT order_id, weight_g FROM predictions")).all()
    engine.dispose()
    assert {("alone", 250.0), ("among-others", 251.5), (None, None)} <= {tuple(row) for row in stored}


def test_one_that_the_model_reads_is_taken_from_files_too(changed: Path) -> None:
    add(changed, READ_BY_THE_MODEL)
    without, given, reason = json.loads(run(changed, VALIDATED, json.dumps(ORDER)))
    assert (without, given) == ("[nan nan nan]", "[250.  nan]")
    assert reason == "weight_g must be a number between 0 and 100000 (got -1)"
