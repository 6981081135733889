"""After a replay: the promises given in it, judged by deliveries that came after its end too."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from common.database.session import Database
from common.servers.prediction_log import LoggedPrediction
from monitor.log.store import store
from monitor.replay.kept_promises import JudgedPromises, judge_promises
from monitor.windows.history import PastOrders
from monitor.windows.windows import Window
from support.model_fixtures import SHOP

pytestmark = pytest.mark.usefixtures("monitoring")

DAY = timedelta(days=1)
START = datetime(2018, 3, 5)  # noqa: DTZ001 - as the command line gives it
BEGUN = datetime.now(UTC) - DAY
A_DAY = 100
MakeLogged = Callable[..., list[LoggedPrediction]]


def judged(database: Database, logged: MakeLogged, kept: list[float]) -> JudgedPromises:
    """Of a replay with A_DAY orders a day, of whose promises at 0.9 these shares are kept."""
    orders, arrivals = [], []
    for day, share in enumerate(kept):
        for number, order in enumerate(logged(A_DAY)):
            bought = START.replace(tzinfo=UTC) + day * DAY + number * timedelta(minutes=1)
            orders.append(
                order._replace(
                    order_id=f"{day}-{number}", purchase_timestamp=bought, upper_days=40.0,
                    further={"promises": [[0.9, 10.0]]},
                )
            )  # fmt: skip
            arrivals.append(bought + (9 if number < share * A_DAY else 30) * DAY)
    store(database.engine, orders)
    store(database.engine, logged(1, order_id="asked by somebody else"))
    moments = {
        "purchase_timestamp": [order.purchase_timestamp.replace(tzinfo=None) for order in orders],
        "delivered_timestamp": [arrival.replace(tzinfo=None) for arrival in arrivals],
    }
    table = pd.DataFrame(moments, dtype="datetime64[s]").assign(order_id=[order.order_id for order in orders])
    past = PastOrders(table, SHOP)
    with database.transaction() as session:
        return judge_promises(session, past, START, START + len(kept) * DAY, BEGUN, DAY)


def window(day: int) -> Window:
    start = START.replace(tzinfo=UTC) + day * DAY
    return Window(start, start + DAY)


def test_the_alert_opens_and_closes_as_if_all_orders_had_arrived(database: Database, logged: MakeLogged) -> None:
    found = judged(database, logged, [0.9, 0.7, 0.9, 0.7, 0.7, 0.7, 0.9, 0.9])
    assert found.counted == {"0.9": {"promises": 800, "kept": 640}, "0.95": {"promises": 800, "kept": 800}}
    assert (found.windows, found.opened, found.closed) == (8, (window(4),), (window(7),))


def test_kept_promises_open_nothing(database: Database, logged: MakeLogged) -> None:
    found = judged(database, logged, [0.9, 0.88, 0.91])
    assert (found.windows, found.opened, found.closed) == (3, (), ())


def test_before_anything_was_answered_there_is_nothing_to_judge(database: Database, logged: MakeLogged) -> None:
    assert judged(database, logged, []) == JudgedPromises({}, 0, (), ())
