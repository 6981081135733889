import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from redis import Redis
from sqlalchemy import select

from common.database.session import Database
from common.database.tables import Replay
from common.errors import InvalidInput, Unavailable
from common.orders.shop.sections import Facts
from common.servers.objects import ObjectStore
from common.servers.queue import MONITORING, Queue
from monitor import tasks
from monitor.replay.replay import Replayed, replay
from monitor.windows.history import PastOrders, read_history
from support.model_fixtures import SHOP
from support.prepared_data import completed, published, write_orders

pytestmark = pytest.mark.usefixtures("monitoring")

START = datetime.fromisoformat("2018-03-01")
END = START + timedelta(days=10)
AS_FAST_AS_POSSIBLE = 1e12

Play = Callable[[httpx.Client, datetime, datetime, float], Replayed]


@pytest.fixture
def history(tmp_path: Path, store: ObjectStore) -> PastOrders:
    """Prepared orders, one an hour from before START on, that take two days."""
    purchase = pd.date_range(START - timedelta(days=5), END + timedelta(days=5), freq="h")
    count = len(purchase)
    orders = completed(
        order_id=[f"order-{number}" for number in range(count)],
        purchase_timestamp=purchase.to_numpy(),
        delivered_timestamp=(purchase + timedelta(days=2)).to_numpy(),
        origin_id=["shop"] * count,
        destination_postal_code=["01001", None] * (count // 2) + ["01001"] * (count % 2),
        destination_country=["BR"] * count,
        carrier=["a", None] * (count // 2) + ["a"] * (count % 2),
    )
    write_orders(tmp_path, orders, SHOP.model_copy(update={"facts": Facts(category=("carrier",))}))
    return read_history(published(tmp_path, store))


@pytest.fixture
def gateway() -> Iterator[tuple[httpx.Client, list[tuple[str, Any]], list[int]]]:
    """A client, what was posted, and the status that is answered."""
    posted: list[tuple[str, Any]] = []
    status = [200]

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
        yield client, posted, status
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def play(history: PastOrders, database: Database, celery_queue: Queue) -> Play:
    """Replays the history through a gateway."""

    def play(gateway: httpx.Client, start: datetime, end: datetime, speed: float) -> Replayed:
        return replay(history, gateway, database, celery_queue, start, end, speed)

    return play


def test_orders_come_in_time_order_and_deliveries_after_them(
    play: Play, gateway: tuple[httpx.Client, list[tuple[str, Any]], list[int]]
) -> None:
    client, posted, _ = gateway
    done = play(client, START, END, AS_FAST_AS_POSSIBLE)
    assert (done.orders, done.actuals) == (240, 192)
    moments = [
        order["purchase_timestamp"] for path, body in posted if path == "/delivery_times" for order in body["orders"]
    ]
    assert moments == sorted(moments)
    assert moments[0] == "2018-03-01T00:00:00Z"
    told = [
        {name: value for name, value in order.items() if name not in ("order_id", "purchase_timestamp")}
        for order in posted[0][1]["orders"][:2]
    ]
    assert told == [
        {
            "origin_id": "shop",
            "destination_country": "BR",
            "destination_postal_code": "01001",
            "facts": {"carrier": "a"},
        },
        {"origin_id": "shop", "destination_country": "BR"},
    ]
    asked: set[str] = set()
    for path, body in posted:
        if path == "/delivery_times":
            asked |= {order["order_id"] for order in body["orders"]}
        else:
            assert {actual["order_id"] for actual in body["actuals"]} <= asked


def test_a_day_lasts_as_long_as_the_speed_says(
    play: Play, gateway: tuple[httpx.Client, list[tuple[str, Any]], list[int]]
) -> None:
    client, _, _ = gateway
    begin = datetime.now().astimezone()
    play(client, START, START + timedelta(days=1), 86_400)
    assert 1.0 <= (datetime.now().astimezone() - begin).total_seconds() < 5.0


def test_the_monitor_is_told_of_a_replay_and_asked_to_look_at_each_of_its_days(
    database: Database, play: Play, gateway: tuple[httpx.Client, list[tuple[str, Any]], list[int]], queue: Redis
) -> None:
    queue.delete(MONITORING)
    client, _, status = gateway
    status[0] = 503
    with pytest.raises(Unavailable):
        play(client, START, END, AS_FAST_AS_POSSIBLE)
    assert told(database) == []
    status[0] = 200
    play(client, START, END, AS_FAST_AS_POSSIBLE)
    assert told(database) == [(END.replace(tzinfo=UTC), END.replace(tzinfo=UTC))]
    asked = Counter(json.loads(task)["headers"]["task"] for task in queue.lrange(MONITORING, 0, -1))
    each_day = (tasks.MEASURE, tasks.KEEP_PACE, tasks.CHECK, tasks.WATCH_ORDERS)
    assert asked == dict.fromkeys(each_day, 10 + 1), "each day and at the end"


def told(database: Database) -> list[tuple[datetime, datetime]]:
    """Ends of replays, and the moments they have reached."""
    with database.transaction() as session:
        return [(replay.ends, replay.moment) for replay in session.scalars(select(Replay))]


def test_a_span_without_orders_is_refused_with_the_span_there_is(
    play: Play, gateway: tuple[httpx.Client, list[tuple[str, Any]], list[int]]
) -> None:
    client, _, _ = gateway
    with pytest.raises(InvalidInput, match="run from 2018-02-24 to 2018-03-16"):
        play(client, START + timedelta(days=400), END + timedelta(days=400), AS_FAST_AS_POSSIBLE)


def test_a_gateway_that_refuses_or_is_away_ends_the_replay(
    play: Play, gateway: tuple[httpx.Client, list[tuple[str, Any]], list[int]]
) -> None:
    client, _, status = gateway
    status[0] = 503
    with pytest.raises(Unavailable, match="/delivery_times answered 503"):
        play(client, START, END, AS_FAST_AS_POSSIBLE)
    with httpx.Client(base_url="http://127.0.0.1:9") as away, pytest.raises(Unavailable, match="`make up` first"):
        play(away, START, END, AS_FAST_AS_POSSIBLE)
