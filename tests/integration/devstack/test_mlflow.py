"""MLflow keeps runs in Postgres and artifacts in the object store, and shows no password."""

import httpx
import psutil
from sqlalchemy import NullPool, create_engine, text

from devstack.servers import seaweedfs
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
