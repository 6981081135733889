"""MLflow keeps runs in Postgres and artifacts in the object store, shows no password, and asks for one."""

from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from common.errors import NoChampion
from common.servers.registry import Registry
from common.settings import RegistrySettings
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


@pytest.fixture
def written(mlflow_url: str) -> dict[str, str]:
    """An artifact that the trainer's account wrote, and a registered version with the alias of a champion."""
    with httpx.Client(base_url=f"{mlflow_url}/api/2.0", timeout=60) as api:
        name = f"guarded-{uuid4()}"
        experiment = api.post("/mlflow/experiments/create", json={"name": name}).json()["experiment_id"]
        run = api.post("/mlflow/runs/create", json={"experiment_id": experiment}).json()["run"]["info"]["run_id"]
        artifact = f"/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/bundle.json"
        assert api.put(artifact, content=b"ours").is_success
        assert api.post("/mlflow/registered-models/create", json={"name": name}).is_success
        version = {"name": name, "source": f"mlflow-artifacts:/{experiment}/{run}/artifacts", "run_id": run}
        assert api.post("/mlflow/model-versions/create", json=version).is_success
        alias = {"name": name, "alias": "champion", "version": "1"}
        assert api.post("/mlflow/registered-models/alias", json=alias).is_success
    return {"name": name, "experiment": experiment, "run": run, "artifact": artifact, "source": version["source"]}


def attacks(written: dict[str, str]) -> list[tuple[str, str, dict[str, object]]]:
    """What somebody who must not would do to make another model serve."""
    name, model = {"name": written["name"]}, "/mlflow/registered-models"
    return [
        ("PUT", written["artifact"], {"content": b"theirs"}),
        ("DELETE", written["artifact"], {}),
        ("POST", f"{model}/alias", {"json": {**name, "alias": "champion", "version": "1"}}),
        ("DELETE", f"{model}/alias", {"json": {**name, "alias": "champion"}}),
        ("POST", "/mlflow/model-versions/create", {"json": {**name, "source": written["source"]}}),
        ("DELETE", "/mlflow/model-versions/delete", {"json": {**name, "version": "1"}}),
        ("POST", "/mlflow/model-versions/set-tag", {"json": {**name, "version": "1", "key": "reason", "value": "x"}}),
        ("DELETE", f"{model}/delete", {"json": name}),
        ("POST", "/mlflow/runs/set-tag", {"json": {"run_id": written["run"], "key": "step", "value": "x"}}),
        ("POST", "/mlflow/experiments/delete", {"json": {"experiment_id": written["experiment"]}}),
        ("POST", "/mlflow/users/create", {"json": {"username": "intruder", "password": "secret of a test"}}),
    ]


@pytest.mark.parametrize("account", ["nobody", "reader", "a wrong password"])
def test_who_may_not_write_changes_nothing(
    servers: TestServers, mlflow_url: str, written: dict[str, str], account: str
) -> None:
    reader = ("reader", servers.stack.credentials.mlflow_reader_password)
    credentials = {"nobody": None, "reader": reader, "a wrong password": ("admin", "admin")}[account]
    refused = httpx.codes.FORBIDDEN if account == "reader" else httpx.codes.UNAUTHORIZED
    with httpx.Client(base_url=f"{servers.stack.mlflow_address}/api/2.0", auth=credentials, timeout=60) as api:
        for method, path, options in attacks(written):
            assert api.request(method, path, **options).status_code == refused, (method, path)  # type: ignore[arg-type]
        read = api.get(written["artifact"])
    if account == "reader":
        assert read.content == b"ours"
    else:
        assert read.status_code == httpx.codes.UNAUTHORIZED


def test_to_a_reader_too_a_model_without_a_version_is_no_secret_but_has_no_champion(
    servers: TestServers, mlflow_url: str, tmp_path: Path
) -> None:
    url = servers.stack.environment_of("gateway")["REGISTRY_URL"]
    with Registry(RegistrySettings(url=url, cache_dir=tmp_path)) as registry, pytest.raises(NoChampion):
        registry.resolve("never-pointed")
