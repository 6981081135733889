"""Which alerts open, and how soon: real orders lived through day by day, calm, in a wave of delays, and with faults.

Needs a real data set (OLIST_DIR): made-up orders have no such months. Each model learned from what was known on the
day before its scenario begins, and the log begins empty. Predictions, scored with the pace that is kept, and actuals
reach Postgres on their day, windows are weeks, and what the monitor does by schedule is done once a day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sqlalchemy import insert, text
from tests.bench.monitor import object_store, servers
from tests.support.monitored import TABLES
from tests.support.olist_folder import prepare_olist

from common.database.delivery_pace import read_pace
from common.database.present import replay_reached
from common.database.session import Database
from common.database.tables import Actual
from common.model import bundle as bundles
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.servers.history import HistoryStore
from common.servers.prediction_log import LoggedPrediction, new_ids
from common.servers.registry import MODEL_NAME, Registry
from common.settings import DatabaseSettings, RegistrySettings, load
from monitor.alerts.check import Situation
from monitor.alerts.checks import run_checks
from monitor.log.store import store
from monitor.pace import live_pace
from monitor.windows.history import PastOrders, read_history, scored
from monitor.windows.live import LiveWindows
from monitor.windows.reference import References
from monitor.windows.reports import Reports
from trainer.data.prepared import read_prepared
from trainer.data.settings import DataSettings
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable
from trainer.published.publish import publish_prepared

WEEK, DAY = timedelta(days=7), timedelta(days=1)
SILENCE = timedelta(days=2)
CALM_WEEKS = 4
"""Weeks before a fault: the alert must come from the fault, not from a start without a past."""

Fault = Callable[[pd.DataFrame], pd.DataFrame]
FAULTS: dict[str, tuple[str, Fault]] = {
    "swapped": (
        "input-drift",
        lambda table: table.rename(
            columns={"destination_lat": "destination_lng", "destination_lng": "destination_lat"}
        ),
    ),
    "one_state": ("input-drift", lambda table: table.assign(destination_lat=-30.0, destination_lng=-51.2)),
    "shifted_code": (
        "input-drift",
        lambda table: table.assign(origin_postal_code=table["origin_postal_code"].str[:-1].str.zfill(5)),
    ),
    "frozen": ("predictions-frozen", lambda rows: rows),
}


@dataclass(frozen=True)
class Lab:
    """Where scenarios are lived through; the folder has the prepared orders and the registry's cache."""

    folder: Path
    history: HistoryStore
    database: Database
    windows: LiveWindows


@dataclass(frozen=True)
class Opened:
    """An alert: its rule, and days from the scenario's begin to its opening."""

    rule: str
    days: int


def measure() -> dict[str, float]:
    """Days or windows until alerts open; empty without real data. alerts_calm: alerts in two calm months."""
    source = load(DataSettings).olist_dir
    if source is None:
        print("  OLIST_DIR is not set: nothing to live through")
        return {}
    with TemporaryDirectory() as folder, servers(Path(folder) / "stack") as stack:
        prepare_olist(source, Path(folder) / "prepared")
        environment = stack.environment
        database = Database(DatabaseSettings(url=environment["DATABASE_URL"]))
        registry = Registry(RegistrySettings(url="http://127.0.0.1:9", cache_dir=Path(folder) / "models"))
        store = object_store(stack)
        history = HistoryStore(store)
        publish_prepared(Path(folder) / "prepared", history)
        windows = LiveWindows(database, References(registry), Reports(store), WEEK)
        lab = Lab(Path(folder), history, database, windows)
        return _calm(lab) | _wave(lab) | _faults(lab)


def _calm(lab: Lab) -> dict[str, float]:
    opened = _lived(lab, datetime(2017, 7, 31, tzinfo=UTC), datetime(2017, 10, 2, tzinfo=UTC))
    return {"alerts_calm": float(len(opened))}


def _wave(lab: Lab) -> dict[str, float]:
    opened = _lived(lab, datetime(2018, 2, 15, tzinfo=UTC), datetime(2018, 4, 1, tzinfo=UTC))
    quality = [alert.days for alert in opened if alert.rule in ("worse-than-trained", "low-coverage")]
    pace = [alert.days for alert in opened if alert.rule == "pace-out-of-range"]
    return {
        "alerts_wave_quality_days": float(min(quality, default=np.nan)),
        "alerts_wave_pace_days": float(min(pace, default=np.nan)),
    }


def _faults(lab: Lab) -> dict[str, float]:
    start = datetime(2017, 7, 31, tzinfo=UTC)
    figures = {}
    for name, (rule, fault) in FAULTS.items():
        opened = _lived(lab, start, start + (CALM_WEEKS + 3) * WEEK, start + CALM_WEEKS * WEEK, fault, name == "frozen")
        after = [alert.days / 7 - CALM_WEEKS for alert in opened if alert.rule == rule]
        figures[f"alerts_{name}_windows"] = float(min(after, default=np.nan))
    return figures


def _lived(
    lab: Lab,
    start: datetime,
    end: datetime,
    fault_from: datetime | None = None,
    fault: Fault = lambda rows: rows,
    frozen: bool = False,
) -> list[Opened]:
    """The alerts that open from `start` to `end` with a model trained the day before."""
    database, model = lab.database, _trained(lab.folder, start)
    past = read_history(lab.history)
    orders = past.table
    with database.transaction() as session:
        session.execute(text(f"TRUNCATE {TABLES} CASCADE"))
        live_pace.keep_pace(session, model)
    opened: list[Opened] = []
    day = start
    while day < end:
        now = day + DAY
        with database.transaction() as session:
            predictor = Predictor(model, pace=read_pace(session))
        bought = orders[orders["purchase_timestamp"].between(_naive(day), _naive(now), inclusive="left")]
        faulty = fault_from is not None and day >= fault_from
        asked = PastOrders(fault(bought) if faulty else bought, past.shop)
        _log(database, asked, predictor, model.version, frozen and faulty)
        _arrive(database, orders, start, day, now)
        with database.transaction() as session:
            replay_reached(session, now, now)
        if now.weekday() == 0:
            lab.windows.measure_due()
        with database.transaction() as session:
            changed = run_checks(Situation(session, now, WEEK, SILENCE, live_pace.keep_pace(session, model)))
        opened += [Opened(alert.rule, (now - start).days) for alert in changed if alert.status == "open"]
        day = now
    print(f"  {start:%Y-%m-%d}..{end:%Y-%m-%d}", *(f"{alert.rule}@{alert.days}" for alert in opened))
    return opened


def _trained(folder: Path, day: datetime) -> Bundle:
    """The model of what was known on that day, in the registry's cache under a version of its own."""
    version = f"{day:%Y%m%d}"
    place = folder / "models" / MODEL_NAME / version
    if not place.exists():
        cutoff = np.datetime64(_naive(day), "s")
        table = TrainingTable.of(read_prepared(folder / "prepared"), cutoff)
        write_bundle(place, fit(table, cutoff, Params()), table, {}, "")
    return bundles.load(place, version)


def _log(database: Database, bought: PastOrders, predictor: Predictor, version: str, frozen: bool) -> None:
    rows, table = scored(bought, predictor).days, bought.table
    times = table["purchase_timestamp"].dt.tz_localize("UTC")
    where = zip(table["destination_lat"], table["destination_lng"], strict=True)
    days = zip(rows["prediction"], rows["lower_days"], rows["upper_days"], strict=True)
    store(
        database.engine,
        [
            LoggedPrediction(
                id_,
                moment,
                order,
                order,
                version,
                "champion",
                None,
                *place,
                moment,
                *((9.0, 3.0, 20.0) if frozen else found),
                True,
                0.4,
                further={"origin_postal_code": code},
            )
            for id_, moment, order, code, place, found in zip(
                new_ids(len(rows)), times, table["order_id"], table["origin_postal_code"], where, days, strict=True
            )
        ],
    )


def _arrive(database: Database, orders: pd.DataFrame, start: datetime, day: datetime, now: datetime) -> None:
    arrived = orders[
        (orders["purchase_timestamp"] >= _naive(start))
        & orders["delivered_timestamp"].between(_naive(day), _naive(now), inclusive="left")
    ]
    values = [
        {"order_id": order, "delivered_at": moment}
        for order, moment in zip(arrived["order_id"], arrived["delivered_timestamp"].dt.tz_localize("UTC"), strict=True)
    ]
    if values:
        with database.transaction() as session:
            session.execute(insert(Actual), values)


def _naive(moment: datetime) -> pd.Timestamp:
    return pd.Timestamp(moment.replace(tzinfo=None))
