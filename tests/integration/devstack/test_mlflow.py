"""MLflow keeps runs in Postgres and artifacts in the object store, and shows no password."""

from importlib.metadata import version

import httpx
import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from devstack.errors import CannotRun
from devstack.servers import mlflow_server, seaweedfs
from devstack.stack import MLFLOW_BUCKET
from support.stack_fixtures import TestServers


def test_a_run_and_its_artifact_are_kept_in_postgres_and_the_object_store(
    servers: TestServers, mlflow_url: str
) -> None:
    with httpx.Client(base_url=f"{mlflow_url}/api/2.0", timeout=60) as api:
        named = api.post("/mlflow/experiments/create", json={"name": "kept where"}).json()
        run = api.post("/mlflow/runs/create", json={"experiment_id": named["experiment_id"]}).json()["run"]
        path = f"/mlflow-artifacts/artifacts/{named['experiment_id']}/{run['info']['run_id']}/artifacts/note.txt"
        assert api.put(path, content=b"kept").status_code == httpx.codes.OK
        assert api.get(path).content == b"kept"
    stored = seaweedfs.client(servers.stack).list_objects_v2(Bucket=MLFLOW_BUCKET)["Contents"]
    assert any(each["Key"].endswith("note.txt") for each in stored)
    with create_engine(servers.stack.mlflow_database_url, poolclass=NullPool).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar_one() >= 1


def test_mlflows_arguments_hold_no_secret(servers: TestServers, mlflow_url: str) -> None:
    server = psutil.Process(servers.mlflow.pid)
    shown = [" ".join(process.cmdline()) for process in (server, *server.children(recursive=True))]
    assert not any(secret in line for line in shown for secret in vars(servers.stack.credentials).values())


def test_tables_of_another_version_are_upgraded_before_the_server_starts(servers: TestServers, mlflow_url: str) -> None:
    mark, process = servers.stack.directory / "mlflow-version", mlflow_server.process(servers.stack)
    assert mark.read_text() == version("mlflow")
    mark.write_text("3.0.0")
    engine = create_engine(servers.stack.mlflow_database_url, poolclass=NullPool)
    with engine.begin() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = 'of-nobody'"))
    with pytest.raises(CannotRun, match="of-nobody"):
        process.prepare()
    assert mark.read_text() == "3.0.0"
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    process.prepare()
    assert mark.read_text() == version("mlflow")
