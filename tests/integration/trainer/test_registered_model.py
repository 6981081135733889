"""The registered MLflow model works where nothing of ours is installed, and answers as the gateway does."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import mlflow
import numpy as np
import pandas as pd
import pytest

from common.model import bundle
from common.model.predictor import Predictor
from common.orders.fields import Order
from common.servers.registry import MODEL_NAME
from devstack.servers.ports import pick_free
from support.example import ORDER
from support.model_fixtures import write_sample_bundle
from support.waiting import wait_until
from trainer.registry.logged_model import log_and_register

LOCK = Path(__file__).parents[3] / "requirements.lock"
PURCHASE = "2017-03-01T12:00:00-03:00"


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registered") / "bundle"
    write_sample_bundle(folder)
    return folder


@pytest.fixture(scope="module")
def address(mlflow_url: str, bundle_folder: Path) -> str:
    """MLflow's address of a registered version."""
    mlflow.set_tracking_uri(mlflow_url)
    mlflow.set_experiment("registered-model-tests")
    with mlflow.start_run():
        version = log_and_register(bundle_folder)
    return f"models:/{MODEL_NAME}/{version}"


@pytest.fixture(scope="module")
def elsewhere(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a virtual environment made from the model's own requirements, and of nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    requirements = mlflow.pyfunc.get_model_dependencies(address, format="pip")
    uv = Path(sys.executable).with_name("uv")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "--constraint", LOCK, "-r", requirements]
    subprocess.run(install, check=True, cwd=folder)
    return python.parent


@pytest.fixture(scope="module")
def model(address: str) -> mlflow.pyfunc.PyFuncModel:
    return mlflow.pyfunc.load_model(address)


def frame(**changes: Any) -> pd.DataFrame:
    return pd.DataFrame([ORDER | changes])


def test_its_requirements_are_pinned_public_packages(address: str) -> None:
    requirements = Path(mlflow.pyfunc.get_model_dependencies(address, format="pip")).read_text()
    lines = [line.strip() for line in requirements.splitlines() if line.strip()]
    assert {line.partition("==")[0] for line in lines} == {
        "mlflow", "numpy", "pandas", "pyarrow", "pydantic", "tzdata"
    }  # fmt: skip
    assert all("==" in line for line in lines)


@pytest.fixture
def serving(elsewhere: Path, address: str, mlflow_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of `mlflow models serve` in that environment."""
    port = pick_free()
    process = subprocess.Popen(
        [elsewhere / "mlflow", "models", "serve", "-m", address, "-p", str(port), "--env-manager", "local"],
        env={"PATH": f"{elsewhere}:{os.environ['PATH']}", "MLFLOW_TRACKING_URI": mlflow_url, "PYTHONTZPATH": ""},
        cwd=tmp_path,
        start_new_session=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_until(lambda: client.get("/ping").is_success, 120)
            yield client
    finally:
        os.killpg(process.pid, 15)
        process.wait()


@pytest.mark.timeout(600)
def test_mlflow_serves_it_where_only_its_requirements_are_with_the_same_numbers_and_reasons(
    serving: httpx.Client, bundle_folder: Path
) -> None:
    good = serving.post("/invocations", json={"dataframe_records": [ORDER | {"purchase_timestamp": PURCHASE}]})
    assert good.json() == {"predictions": [expected(bundle_folder)]}
    asks = ORDER | {"purchase_timestamp": PURCHASE, "on_time_share": 0.9, "deliver_by": "2017-03-20"}
    params = {"on_time_shares": [0.9], "details": True}
    (more,) = serving.post("/invocations", json={"dataframe_records": [asks], "params": params}).json()["predictions"]
    assert more.items() >= expected(bundle_folder).items()
    assert (more["promise_90"], more["promise_date"] > more["delivery_date"]) == (more["promise"], True)
    assert 0 < more["deliver_by_probability"] < 1
    bad = serving.post("/invocations", json={"dataframe_records": [ORDER | {"customer_lat": 95.0}]})
    assert bad.status_code == 400
    assert "row 0: customer_lat must be a number between -90 and 90 (got 95)" in bad.text


@pytest.mark.parametrize(
    "purchase",
    [PURCHASE, datetime(2017, 3, 1, 15), pd.Timestamp("2017-03-01T12:00:00-03:00")],  # noqa: DTZ001 - the shop's clock, here UTC
)
def test_the_moment_of_purchase_counts(model: mlflow.pyfunc.PyFuncModel, bundle_folder: Path, purchase: object) -> None:
    answer = model.predict(frame(purchase_timestamp=purchase))
    assert answer.to_dict("records") == [expected(bundle_folder)]


def test_without_a_moment_of_purchase_it_is_now(model: mlflow.pyfunc.PyFuncModel) -> None:
    missing, none = model.predict(frame()), model.predict(frame(purchase_timestamp=None))
    assert missing["delivery_time_days"][0] == pytest.approx(none["delivery_time_days"][0], rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"customer_lat": np.nan}, "row 0: customer_lat is missing"),
        ({"customer_lat": 95.0}, r"row 0: customer_lat must be a number between -90 and 90 \(got 95\)"),
        ({"seller_zip_code_prefix": 123456}, "seller_zip_code_prefix must be a whole number between 1 and 99999"),
        ({"seller_zip_code_prefix": 9350.5}, "seller_zip_code_prefix must be a whole number"),
        ({"purchase_timestamp": "yesterday"}, "purchase_timestamp is not an ISO 8601 time"),
    ],
)
def test_a_row_that_is_no_order_is_named_with_its_reason(
    model: mlflow.pyfunc.PyFuncModel, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(mlflow.MlflowException, match=reason):
        model.predict(frame(**changes))


def expected(bundle_folder: Path) -> dict[str, Any]:
    """What the gateway computes for the order, with the same bundle."""
    predictor = Predictor(bundle.load(bundle_folder, "local"))
    purchase = predictor.clock.utc_of_one(datetime.fromisoformat(PURCHASE))
    prediction = predictor.predict_one(Order(**ORDER), purchase)
    return {
        "delivery_time_days": pytest.approx(prediction.days, abs=1e-9),
        "lower_days": pytest.approx(prediction.lower_days, abs=1e-9),
        "upper_days": pytest.approx(prediction.upper_days, abs=1e-9),
        "seller_known": prediction.seller_known,
    }
