"""`monitor replay`: real orders of the past through the running gateway, in time order, many times as fast.

The gateway predicts each order when its purchase time comes and gets its delivery when that time comes, so
the log, the metrics, the pace and the alerts live through the past as they would have. The moment that the replay has
reached is the monitor's present, and the monitor is asked to look at it at the end of each of its days.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from common.database import retrainings
from common.database.present import replay_reached
from common.database.session import Database
from common.errors import InvalidInput, Unavailable
from common.servers.queue import Queue
from monitor.tasks import work_now
from monitor.windows.history import PastOrders

STEP, DAY = timedelta(hours=6), timedelta(days=1)
MEASURE_SECONDS = 1.0
"""Of the monitor's time, at the end of each day: its checks must keep up with the days."""

ORDERS_AT_ONCE = 1_000
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Replayed:
    """How many orders were predicted and how many deliveries reported."""

    orders: int
    actuals: int


def replay(
    past: PastOrders,
    gateway: httpx.Client,
    database: Database,
    queue: Queue,
    start: datetime,
    end: datetime,
    speed: float,
    retrain_on: datetime | None = None,
) -> Replayed:
    """Play the orders bought from `start` to `end` (UTC, without zone) at `speed` seconds of the past per second.

    retrain_on: the day on whose morning a retraining is asked for, if nothing has asked for one since the replay began.
    InvalidInput if no order falls between; Unavailable if the gateway does not take them.
    """
    orders, facts = _chosen(past, start, end), (*past.shop.facts.numeric, *past.shop.facts.category)
    begin, begun_at, next_day = time.monotonic(), datetime.now(UTC), start + DAY
    sent = reported = 0
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for moment in progress.track(list(_steps(start, end)), description="replay"):
            bought = _between(orders, "purchase_timestamp", moment)
            arrived = _between(orders, "delivered_timestamp", moment)
            sent += _predict(gateway, bought, facts)
            reported += _report(gateway, arrived)
            with database.transaction() as session:
                replay_reached(session, moment + STEP, end)
            if retrain_on is not None and moment <= retrain_on < moment + STEP:
                with database.transaction() as session:
                    retrainings.request_unless(session, begun_at, f"a replay that has reached {retrain_on:%Y-%m-%d}")
            if moment + STEP == next_day:
                work_now(queue, MEASURE_SECONDS)
                next_day += DAY
            due = begin + (moment + STEP - start).total_seconds() / speed
            time.sleep(max(due - time.monotonic(), 0))
    work_now(queue)
    return Replayed(sent, reported)


def _chosen(past: PastOrders, start: datetime, end: datetime) -> pd.DataFrame:
    orders = past.table
    chosen = orders[orders["purchase_timestamp"].between(start, end, inclusive="left")]
    if chosen.empty:
        raise InvalidInput(
            f"no order was bought from {start:%Y-%m-%d} to {end:%Y-%m-%d}: the prepared ones run from "
            f"{orders['purchase_timestamp'].iloc[0]:%Y-%m-%d} to {orders['purchase_timestamp'].iloc[-1]:%Y-%m-%d}"
        )
    return chosen


def _steps(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += STEP


def _between(orders: pd.DataFrame, column: str, moment: datetime) -> pd.DataFrame:
    return orders[orders[column].between(moment, moment + STEP, inclusive="left")]


def _predict(gateway: httpx.Client, orders: pd.DataFrame, facts: Sequence[str]) -> int:
    asked = []
    for row in orders.drop(columns="delivered_timestamp").to_dict("records"):
        given = {name: value for name, value in row.items() if not pd.isna(value)}
        known = {name: given.pop(name) for name in facts if name in given}
        moments = {name: value.strftime(MOMENT) for name, value in given.items() if isinstance(value, pd.Timestamp)}
        asked.append(given | moments | ({"facts": known} if known else {}))
    return _post(gateway, "/delivery_times", "orders", asked)


def _report(gateway: httpx.Client, orders: pd.DataFrame) -> int:
    body = orders[["order_id"]].copy()
    body["delivered_at"] = orders["delivered_timestamp"].dt.strftime(MOMENT)
    actuals = [
        {"order_id": order_id, "delivered_at": moment}
        for order_id, moment in zip(body["order_id"], body["delivered_at"], strict=True)
    ]
    return _post(gateway, "/actuals", "actuals", actuals)


def _post(gateway: httpx.Client, route: str, field: str, rows: list[dict[str, Any]]) -> int:
    for start in range(0, len(rows), ORDERS_AT_ONCE):
        part = rows[start : start + ORDERS_AT_ONCE]
        try:
            answer = gateway.post(route, json={field: part})
        except httpx.HTTPError as error:
            raise Unavailable(
                f"the gateway at {gateway.base_url} does not answer ({error}): `make up` first"
            ) from error
        if answer.is_error:
            raise Unavailable(f"{route} answered {answer.status_code}: {answer.text[:300]}")
    return len(rows)
