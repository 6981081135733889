"""The monitor knows which orders under way will likely miss their promise, and says so once of each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from common.database.at_risk import page
from common.database.erasures import erase
from common.database.session import Database
from common.database.tables import Actual, Notification, OrderAtRisk
from common.errors import InvalidInput
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts import notify
from monitor.log.store import store
from monitor.tasks import Tasks

pytestmark = pytest.mark.usefixtures("monitoring")

BOUGHT = datetime(2018, 3, 1, tzinfo=UTC)
NOW = BOUGHT + timedelta(days=12)
"""The sample's deliveries take some 18 days."""

MakeLogged = Callable[..., list[LoggedPrediction]]


@pytest.fixture
def ask(database: Database, logged: MakeLogged) -> Callable[..., None]:
    """Logs an order's answer with what it said beside its place."""

    def answer(order_id: str, *, key_id: str = "", **further: Any) -> None:
        at = {"purchase_timestamp": BOUGHT, "predicted_at": BOUGHT}
        store(database.engine, logged(1, order_id=order_id, further=further or None, key_id=key_id, **at))

    return answer


@pytest.fixture
def watch(make_tasks: Callable[..., Tasks], play_until: Callable[[datetime], None]) -> Callable[..., None]:
    def look(at: datetime = NOW, **settings: Any) -> None:
        play_until(at)
        make_tasks(**settings).watch_orders()

    return look


def at_risk(database: Database, owner: str | None = None) -> dict[str, float]:
    with database.transaction() as session:
        return {row.order_id: row.probability for row in page(session, owner, None, None)[0]}


def promised(days: float) -> dict[str, str]:
    return {"promised_timestamp": (BOUGHT + timedelta(days=days)).replace(tzinfo=None).isoformat()}


def report(database: Database, order_id: str, **words: datetime) -> None:
    with database.transaction() as session:
        session.merge(Actual(order_id=order_id, **words))


def test_orders_with_an_early_promise_are_at_risk_worst_first(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    for order_id, days in (("late-already", 11), ("tomorrow", 13), ("next-week", 16), ("far", 90)):
        ask(order_id, **promised(days))
    ask("without-promise")
    ask("our-promise", promises=[[0.5, 13.0], [0.9, 12.5]])
    watch()
    found = at_risk(database)
    assert list(found) == ["late-already", *sorted(["tomorrow", "our-promise"]), "next-week"]
    assert found["late-already"] == 1
    assert found["tomorrow"] == found["our-promise"]
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_what_has_ended_or_is_not_yet_bought_is_not_at_risk(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    for kind in ("delivered_at", "cancelled_at", "lost_at"):
        ask(kind, **promised(13))
        report(database, kind, **{kind: BOUGHT + timedelta(days=5)})
    ask("under-way", **promised(13))
    watch()
    assert list(at_risk(database)) == ["under-way"]
    watch(BOUGHT - timedelta(days=3))
    assert at_risk(database) == {}
    watch(BOUGHT + timedelta(days=1_000))
    assert at_risk(database) == {}


def test_a_hand_over_moves_the_probability(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    for order_id in ("unknown", "just-shipped", "shipped-early"):
        ask(order_id, **promised(20))
    report(database, "just-shipped", shipped_at=NOW - timedelta(hours=1))
    report(database, "shipped-early", shipped_at=BOUGHT + timedelta(days=1))
    ask("said-when-asked", **promised(20), shipped_timestamp="2018-03-02T00:00:00")
    watch(at_risk_probability=0.01)
    found = at_risk(database)
    assert found["just-shipped"] > found["shipped-early"] == found["said-when-asked"]
    assert len({round(found[name], 6) for name in ("unknown", "just-shipped", "shipped-early")}) == 3


def test_the_webhook_hears_of_each_order_once(
    database: Database, ask: Callable[..., None], watch: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = {"webhook_url": "http://127.0.0.1:9/"}
    ask("first", **promised(16))
    watch(**url)
    watch(**url)
    assert heard(database) == ["first"]
    ask("second", **promised(16))
    watch(at_risk_probability=0.99, **url)
    assert list(at_risk(database)) == []
    watch(**url)
    watch(**url)
    assert heard(database) == ["first", "second"]
    sent = []

    async def taken(_: str, body: dict[str, Any]) -> None:
        sent.append(body)

    monkeypatch.setattr(notify, "_refusal", taken)
    assert notify.send_waiting(database, "http://127.0.0.1:9/") == 2
    assert sent[0]["rule"] == "order-at-risk"
    assert sent[0]["value"] >= sent[0]["threshold"] == 0.5
    assert sent[0]["promised_at"] == "2018-03-17T00:00:00+00:00"


def heard(database: Database) -> list[str]:
    with database.transaction() as session:
        return [each.body["subject"] for each in session.scalars(select(Notification).order_by(Notification.id))]


def test_without_a_webhook_nothing_is_queued(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    ask("first", **promised(13))
    watch()
    assert heard(database) == []


def test_an_erased_order_leaves_no_trace(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    for order_id in ("gone", "stays"):
        ask(order_id, **promised(13))
    watch(webhook_url="http://127.0.0.1:9/")
    with database.transaction() as session:
        erase(session, "gone")
    assert list(at_risk(database)) == ["stays"]
    assert heard(database) == ["stays"]


def test_a_page_ends_where_the_next_begins(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    for number in range(5):
        ask(f"order-{number}", **promised(11 if number < 3 else 13))
    watch()
    pages, cursor = [], None
    with database.transaction() as session:
        while True:
            rows, cursor = page(session, None, 2, cursor)
            pages.append([row.order_id for row in rows])
            if cursor is None:
                break
        assert pages == [["order-0", "order-1"], ["order-2", "order-3"], ["order-4"]]
        assert page(session, "somebody-else", 2, None) == ([], None)
        with pytest.raises(InvalidInput, match="cursor must be"):
            page(session, None, 2, "bm90aGluZw==")


def test_an_order_keeps_the_moment_since_which_it_is_at_risk(
    database: Database, ask: Callable[..., None], watch: Callable[..., None]
) -> None:
    ask("order", **promised(13))
    watch()
    earlier = datetime(2018, 3, 2, tzinfo=UTC)
    with database.transaction() as session:
        session.execute(update(OrderAtRisk).values(since=earlier))
    watch(NOW + timedelta(hours=1))
    with database.transaction() as session:
        (row,) = page(session, None, None, None)[0]
    assert (row.since, row.computed_at) == (earlier, NOW + timedelta(hours=1))
