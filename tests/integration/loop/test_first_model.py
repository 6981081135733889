"""A shop that begins with nothing: what it declares serves first, and its own traffic becomes a model by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from sqlalchemy import select

from common.database.session import Database
from common.database.tables import Retraining
from common.servers.registry import MODEL_NAME
from support.gateway_fixtures import running_gateway, served, worker
from support.waiting import wait_until

SHOP_FILE = """
name = "begins"
country = "DE"
time_zone = "Europe/Berlin"

[declared]
handling_days = 1
transit = [{ up_to_km = 200, days = 2 }, { days = 5 }]
"""
ORDERS = 900
LAST_DAY = datetime(2026, 3, 31, 9, tzinfo=UTC)


@pytest.fixture
def shop(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A shop file is all there is."""
    (tmp_path / "shop.toml").write_text(SHOP_FILE)
    for name, value in {"SHOP_FILE": str(tmp_path / "shop.toml"), "TRAINER_TRIALS": "1"}.items():
        monkeypatch.setenv(name, value)
    return environment | {"SHOP_FILE": str(tmp_path / "shop.toml")}


def traffic() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Orders of two hundred days and what became of them: they take a day, and another for each 80 km."""
    rng = np.random.default_rng(0)
    north = rng.uniform(0.05, 5, ORDERS)
    bought = [LAST_DAY - timedelta(days=200 * (1 - number / ORDERS)) for number in range(ORDERS)]
    orders = [
        {
            "order_id": f"order-{number}",
            "purchase_timestamp": moment.isoformat(),
            "origin_lat": 48.1,
            "origin_lng": 11.6,
            "destination_lat": 48.1 + north[number],
            "destination_lng": 11.6,
        }
        for number, moment in enumerate(bought)
    ]
    days = (1 + north * 111 / 80) * np.exp(0.25 * rng.standard_normal(ORDERS))
    arrived = [moment + timedelta(days=float(took)) for moment, took in zip(bought, days, strict=True)]
    reports = [
        {"order_id": f"order-{number}", "delivered_at": moment.isoformat()}
        for number, moment in enumerate(arrived)
        if moment < LAST_DAY
    ]
    return orders, reports


@pytest.mark.timeout(600)
def test_the_first_model_of_an_empty_shop_appears_by_itself_and_beats_what_was_declared(
    database: Database, shop: dict[str, str], tmp_path: Path
) -> None:
    orders, reports = traffic()
    with running_gateway(shop, tmp_path) as gateway, worker("monitor"), worker("trainer"):
        wait_until(lambda: gateway.client.get("/readyz").is_success, 200)  # a worker starts, and trains
        first = served(gateway)
        asked = gateway.client.post("/delivery_times", json={"orders": orders[:2]}).json()
        assert "little_data" in str(asked)
        for start in range(0, ORDERS, 300):
            assert gateway.client.post("/delivery_times", json={"orders": orders[start : start + 300]}).is_success
        assert gateway.client.post("/actuals", json={"actuals": reports}).is_success
        wait_until(lambda: len(ended(database)) == 2, 300)
        declared, learned = ended(database)
        assert "what the shop declares serves until there are more" in str(declared.outcome)
        assert declared.model_version == first
        assert str(learned.reason).endswith("deliveries are reported, the model knows of 0")
        assert str(learned.outcome).startswith("champion: won on"), learned.outcome
        wait_until(lambda: served(gateway) == learned.model_version, 60)
    run = mlflow.MlflowClient().get_model_version(MODEL_NAME, str(learned.model_version)).run_id
    metrics = mlflow.MlflowClient().get_run(str(run)).data.metrics
    assert metrics["mae"] < metrics["mae_of_declared_days"]
    assert metrics["mae"] < metrics["mae_of_champion"]


def ended(database: Database) -> list[Retraining]:
    with database.transaction() as session:
        done = select(Retraining).where(Retraining.finished_at.is_not(None))
        return list(session.scalars(done.order_by(Retraining.id)))
