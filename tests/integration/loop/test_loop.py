"""The whole loop on real servers, without a human: the world changes, and a model that knows of it serves."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from common.database.session import Database
from common.database.tables import Alert, ModelEvent, Retraining
from monitor.alerts.checks import RETRAINING_RULES
from support.gateway_fixtures import Gateway, running_gateway, served, worker
from support.olist_folder import prepare_olist
from support.waiting import wait_until
from trainer import wiring
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.registry.register import register
from trainer.search.search import search
from trainer.sources.olist.files import DATE_FORMAT, ORDERS

CHANGE = pl.datetime(2017, 10, 1, time_zone="UTC")
"""From this day on the far orders are fast and the near ones slow: what the champion learned is wrong."""

WANTED = Wanted(orders=12_000, start=date(2017, 1, 1), end=date(2018, 6, 30))
ORDER_OF_TODAY = {
    "seller_zip_code_prefix": 9350,
    "customer_lat": -23.577,
    "customer_lng": -46.587,
    "order_id": "order-of-today",
}
REPLAYED = ("--from", "2018-05-01", "--to", "2018-06-30", "--speed", "1e6")


@pytest.fixture
def champion(environment: dict[str, str], tmp_path: Path) -> str:
    """The version that learned from what was known on the day of the change; the export then goes on without it."""
    synthesize(WANTED, tmp_path / "dataset")
    turn_the_world(ORDERS.path(tmp_path / "dataset"))
    prepare_olist(tmp_path / "dataset", tmp_path / "prepared")
    orders = tmp_path / "prepared" / "orders.parquet"
    everything = pl.read_parquet(orders)
    known = pl.when(pl.col("delivered_timestamp") < CHANGE)
    everything.filter(pl.col("purchase_timestamp") < CHANGE).with_columns(
        known.then(pl.col("delivered_timestamp")).alias("delivered_timestamp"),
    ).write_parquet(orders)
    versions = wiring.versions()
    search(wiring.training_data(), tmp_path / "searches", trials=1)
    made = register(wiring.training_data(), versions)
    assert made.alias == "champion", made.reason
    everything.write_parquet(orders)
    wiring.history_updates().publish_waiting()
    versions.bundles.close()
    versions.database.close()
    return made.version


def turn_the_world(orders: Path) -> None:
    """Whoever would wait d days from the day of the change on, waits 120 / d instead, from one to fifty."""
    purchase, delivered = (
        pl.col(name).str.to_datetime(DATE_FORMAT)
        for name in ("order_purchase_timestamp", "order_delivered_customer_date")
    )
    days = (delivered - purchase).dt.total_seconds() / 86_400
    turned = purchase + pl.duration(seconds=((120 / days).clip(1, 50) * 86_400).cast(pl.Int64))
    changed = pl.when(purchase >= CHANGE.dt.replace_time_zone(None)).then(turned).otherwise(delivered)
    table = pl.read_csv(orders, infer_schema=False)
    table.with_columns(changed.dt.strftime(DATE_FORMAT).alias("order_delivered_customer_date")).write_csv(orders)


@pytest.mark.timeout(600)  # a minute and a half on a quiet machine; training waits its turn on a busy one
def test_when_the_world_changes_a_model_that_knows_of_it_serves_in_the_end(
    database: Database, champion: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with running_gateway(environment, tmp_path) as gateway, worker("monitor"), worker("trainer"):
        gateway.wait_ready()
        assert served(gateway) == champion
        assert gateway.client.post("/delivery_time", json=ORDER_OF_TODAY).is_success
        replay(gateway, *REPLAYED)
        wait_until(lambda: (asked := retraining(database)) is not None and asked.finished_at is not None, 300)
        asked = retraining(database)
        assert asked is not None
        assert str(asked.outcome).startswith("champion: won on"), asked.outcome
        wait_until(lambda: served(gateway) == asked.model_version, 60)
        with database.transaction() as session:
            alert = session.get_one(Alert, asked.alert_id)
            assert alert.rule in RETRAINING_RULES
            assert alert.subject == champion
            happened = session.execute(select(ModelEvent.event, ModelEvent.actor, ModelEvent.model_version)).all()
        assert ("promoted", "trainer", asked.model_version) in happened


def replay(gateway: Gateway, *arguments: str) -> None:
    """`monitor replay`, as a user runs it."""
    command = [sys.executable, "-m", "monitor.cli", "replay", *arguments]
    port = str(gateway.client.base_url.port)
    done = subprocess.run(
        command, env={**os.environ, "GATEWAY_PORT": port}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def retraining(database: Database) -> Retraining | None:
    """The only one; None before it is asked for."""
    with database.transaction() as session:
        return session.scalars(select(Retraining)).one_or_none()
