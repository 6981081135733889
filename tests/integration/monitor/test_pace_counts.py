"""The pace that counts give is that of a look at every order, whatever was said, corrected, erased or replayed."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from common.database import actuals
from common.database.actuals import OrderReport
from common.database.counted import BOUGHT, COUNTED, TRUSTED
from common.database.erasures import archive_is_clean, erase
from common.database.present import present, replay_reached
from common.database.session import Database
from common.database.tables import ApiKey, Erasure, Prediction
from common.model.bundle import Bundle
from common.model.measured_pace import measured_pace
from common.model.pace import PaceTable
from common.model.time_scale import TimeScale
from common.orders.clock import Clock
from common.orders.logged import logged_orders
from common.orders.reading import Reading
from common.servers.prediction_log import LoggedPrediction
from monitor.log.store import store
from monitor.pace import counts
from monitor.pace.counts import keep_counts
from monitor.pace.grouping import Grouping
from monitor.pace.sources import read_counts

pytestmark = pytest.mark.usefixtures("monitoring")

MakeLogged = Callable[..., list[LoggedPrediction]]
DAY = timedelta(days=1)
BEGIN = datetime(2018, 3, 5, tzinfo=UTC)
DAYS = 60

ORDERS = text(f"""
    SELECT DISTINCT ON (order_id)
           seller_zip_code_prefix, customer_lat, customer_lng, further,
           purchase_timestamp AT TIME ZONE 'UTC' AS purchase_timestamp, delivered_at AT TIME ZONE 'UTC' AS delivered_at
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE role = 'champion' AND order_id IS NOT NULL AND {BOUGHT} AND {COUNTED} AND {TRUSTED}
      AND purchase_timestamp >= :oldest
    ORDER BY order_id, predictions.purchase_timestamp, predicted_at, id
""")  # noqa: S608


def looked_at(session: Session, bundle: Bundle) -> PaceTable:
    """The pace as every order of the log gives it."""
    now, clock = present(session), Clock(bundle.manifest.shop.time_zone)
    result = session.execute(ORDERS, {"oldest": Grouping(bundle).oldest(now), "present": now})
    rows = sorted(result, key=lambda row: row.purchase_timestamp)
    columns = dict(zip(result.keys(), zip(*rows, strict=True), strict=True))
    delivered = np.array(columns.pop("delivered_at"), dtype="datetime64[s]")
    orders = logged_orders(columns, Reading(clock))
    return measured_pace(orders, delivered, bundle, clock, Grouping(bundle).today(now))


def counted(session: Session, bundle: Bundle) -> PaceTable:
    """The pace as the counts give it, after they were brought up to date."""
    now, grouping = present(session), Grouping(bundle)
    cells = keep_counts(session, grouping, now)
    assert cells is not None
    table = cells.pace(read_counts(session, cells, grouping.today(now)).days, grouping.today(now))
    assert table is not None
    return table


def assert_alike(session: Session, bundle: Bundle, rough: float = 0.002) -> None:
    """The same orders behind every value, and the same values but for rounding."""
    found, wanted = counted(session, bundle), looked_at(session, bundle)
    assert (found.first, found.groups) == (wanted.first, wanted.groups)
    np.testing.assert_array_equal(found.orders, wanted.orders)
    settled = TimeScale(bundle.manifest.typical_days).pace_window - 1  # earlier days are never written
    off = np.abs(found.pace / wanted.pace - 1)[settled:]
    assert off.mean() < rough / 10
    assert off.max() < rough


def recount(session: Session) -> None:
    session.execute(text("UPDATE pace_bases SET grouping = 'of another model'"))


def tables(session: Session) -> tuple[list[object], list[object]]:
    cells = session.execute(text("SELECT * FROM pace_counts WHERE orders <> 0 ORDER BY day, cell")).all()
    return list(cells), list(session.execute(text("SELECT * FROM counted_orders ORDER BY hash")).all())


def said(chance: random.Random, orders: list[LoggedPrediction], now: datetime) -> Iterator[OrderReport]:
    """Words about orders: true, impossible, ahead of their time, corrected, taken back."""
    for order in orders:
        took = chance.choice([chance.lognormvariate(2, 0.5)] * 8 + [-3, 400, 40])
        kind = chance.choice(["delivered_at"] * 8 + ["cancelled_at", "lost_at", "shipped_at"])
        word = None if chance.random() < 0.2 else min(order.purchase_timestamp + took * DAY, now + 3 * DAY)
        yield OrderReport.model_validate({"order_id": order.order_id, kind: word})


@pytest.fixture
def keys(database: Database) -> Iterator[None]:
    """A shop's two keys, and one of a stranger who only asks."""
    of = {"till": ("shop", "predict"), "back-office": ("shop", "actuals"), "stranger": ("other", "predict")}
    with database.transaction() as session:
        for key, (owner, scope) in of.items():
            session.add(ApiKey(id=key, name=f"{key} of counts", owner=owner, sha256=key, scopes=[scope]))
    yield
    with database.transaction() as session:
        session.execute(delete(ApiKey).where(ApiKey.id.in_(of)))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is seen at once, and not looked at again; a few orders at a time."""
    monkeypatch.setattr(counts, "LONGEST_WRITE", timedelta(0))
    monkeypatch.setattr(counts, "AT_ONCE", 50)


@pytest.mark.usefixtures("keys", "at_once")
def test_whatever_happens_counts_give_the_pace_of_a_look_at_every_order(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TimeScale, "look_back", 40)
    chance = random.Random(1)
    known: list[LoggedPrediction] = []
    for number in range(16):
        now = BEGIN + (24 + 3 * number) * DAY
        with database.transaction() as session:
            replay_reached(session, now, BEGIN + 400 * DAY)
        more = []
        for order in logged(400):
            again = chance.choice(known) if known and chance.random() < 0.1 else None
            bought = now + chance.uniform(-40 if number == 0 else -6, 1.5) * DAY
            more.append(
                order._replace(
                    order_id=again.order_id if again else chance.choice([None, *[f"{number}-{order.order_id}"] * 5]),
                    purchase_timestamp=bought,
                    predicted_at=bought + chance.choice([0.1, 0.1, -3]) * DAY,
                    key_id=chance.choice(["", "till", "stranger"]),
                    role=chance.choice(["champion"] * 5 + ["challenger"]),
                )
            )
        store(database.engine, more)
        known += more
        named = [order for order in known if order.order_id]
        with database.transaction() as session:
            actuals.store(session, said(chance, chance.sample(named, min(len(named), 500)), now))
            for order in chance.sample(named, 5):
                erase(session, str(order.order_id))
            if number in (6, 9):
                gone = now if number == 6 else None
                session.execute(update(ApiKey).where(ApiKey.id == "back-office").values(revoked_at=gone))
        with database.transaction() as session:
            assert_alike(session, sample_bundle, rough=0.005)
    with database.transaction() as session:
        followed = tables(session)
        recount(session)
        assert_alike(session, sample_bundle, rough=0.005)
        assert tables(session) == followed


def steady(database: Database, logged: MakeLogged, orders: int = 3_000) -> list[LoggedPrediction]:
    """Orders of DAYS days, most of them delivered, and the present at their end."""
    chance = random.Random(0)
    rows = [
        order._replace(purchase_timestamp=bought, predicted_at=bought, order_id=f"order-{number}")
        for number, order in enumerate(logged(orders))
        if (bought := BEGIN + chance.uniform(0, DAYS) * DAY)
    ]
    end = BEGIN + DAYS * DAY
    store(database.engine, rows)
    took = [(order, order.purchase_timestamp + chance.lognormvariate(2, 0.5) * DAY) for order in rows]
    with database.transaction() as session:
        replay_reached(session, end, end)
        for begin in range(0, orders, 1_000):
            part = [
                OrderReport(order_id=str(order.order_id), delivered_at=arrival)
                for order, arrival in took[begin : begin + 1_000]
                if arrival < end
            ]
            actuals.store(session, part)
    return rows


def test_of_many_orders_coarse_counts_are_enough(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady(database, logged)
    with database.transaction() as session:
        assert_alike(session, sample_bundle)
        fine = len(tables(session)[0])
    monkeypatch.setattr(counts, "MOST_FINE", 1_000)
    with database.transaction() as session:
        assert_alike(session, sample_bundle, rough=0.02)
        assert len(tables(session)[0]) < fine
        before = tables(session)
        assert_alike(session, sample_bundle, rough=0.02)
        assert tables(session) == before


def other_champion(bundle: Bundle, **changes: object) -> Bundle:
    """Trained again: other trees, and other files; changes: of its map's regions."""
    manifest = replace(bundle.manifest, files={"arrays.npz": "others"}, trained_at="2018-06-01T00:00:00+00:00")
    regions = replace(bundle.geography.regions, **changes)  # type: ignore[arg-type]
    return replace(bundle, manifest=manifest, version="2", geography=replace(bundle.geography, regions=regions))


def test_champions_group_alike_if_their_regions_are_the_same(sample_bundle: Bundle) -> None:
    name, regions = Grouping(sample_bundle).name, sample_bundle.geography.regions
    assert Grouping(other_champion(sample_bundle)).name == name
    assert Grouping(other_champion(sample_bundle, cells=regions.cells[::-1])).name != name
    assert Grouping(other_champion(sample_bundle, group=regions.group + 1)).name != name
    slower = replace(sample_bundle, manifest=replace(sample_bundle.manifest, typical_days=40.0))
    assert Grouping(slower).name != name


@pytest.mark.usefixtures("at_once")
def test_a_champion_with_the_same_regions_has_nothing_counted_anew(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady(database, logged, orders=200)
    with database.transaction() as session:
        counted(session, sample_bundle)
        before = tables(session)
    monkeypatch.setattr(Grouping, "counted", None)
    with database.transaction() as session:
        assert_alike(session, other_champion(sample_bundle))
        assert tables(session) == before


@pytest.mark.usefixtures("at_once")
def test_only_what_has_news_is_looked_at(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = steady(database, logged, orders=200)
    with database.transaction() as session:
        counted(session, sample_bundle)
    looked: list[int] = []
    of_orders = Grouping.counted
    monkeypatch.setattr(
        Grouping, "counted", lambda *given: looked.append(len(given[1]["further"])) or of_orders(*given)
    )
    with database.transaction() as session:
        arrival = rows[0].purchase_timestamp + DAY
        actuals.store(session, [OrderReport(order_id=str(rows[0].order_id), delivered_at=arrival)])
    with database.transaction() as session:
        counted(session, sample_bundle)
    assert looked == [1]


@pytest.mark.usefixtures("at_once")
def test_a_new_champion_has_the_log_counted_in_parts_and_nothing_that_happens_meanwhile_is_lost(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    rows = steady(database, logged, orders=600)
    with database.transaction() as session:
        assert_alike(session, sample_bundle)
        recount(session)
    grouping, parts = Grouping(sample_bundle), 0
    while True:
        with database.transaction() as session:
            if keep_counts(session, grouping, present(session), seconds=0):
                break
            assert counts.is_counting(session)
        parts += 1
        if parts < 40:
            one, another, third = rows[3 * parts : 3 * parts + 3]
            changed = one.purchase_timestamp + 3 * DAY
            store(database.engine, [another._replace(id=logged(1)[0].id, order_id=f"more-{parts}")])
            with database.transaction() as session:
                actuals.store(session, [OrderReport(order_id=str(one.order_id), delivered_at=changed)])
                erase(session, str(third.order_id))
    assert parts > 50, "about one for each day"
    with database.transaction() as session:
        assert not counts.is_counting(session)
        assert_alike(session, sample_bundle)
        followed = tables(session)
        recount(session)
        assert_alike(session, sample_bundle)
        assert tables(session) == followed


def test_an_order_of_a_clock_decades_ahead_costs_no_look_at_each_day_until_then(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = steady(database, logged, orders=100)
    ahead = datetime(2099, 1, 1, tzinfo=UTC)
    store(database.engine, logged(1, purchase_timestamp=ahead, predicted_at=ahead, order_id="of 2099"))
    asked: list[object] = []
    execute = Session.execute
    monkeypatch.setattr(Session, "execute", lambda *given, **more: asked.append(0) or execute(*given, **more))
    with database.transaction() as session:
        counted(session, sample_bundle)
        assert len(tables(session)[1]) == len(rows) + 1
    assert len(asked) < 2_000


@pytest.mark.usefixtures("at_once")
def test_a_replay_that_goes_back_counts_anew(database: Database, sample_bundle: Bundle, logged: MakeLogged) -> None:
    steady(database, logged)
    with database.transaction() as session:
        counted(session, sample_bundle)
    for days in (40, 41, DAYS):
        with database.transaction() as session:
            replay_reached(session, BEGIN + days * DAY, BEGIN + DAYS * DAY)
        with database.transaction() as session:
            assert_alike(session, sample_bundle)


@pytest.mark.usefixtures("at_once")
def test_an_erased_order_is_untaught_before_its_erasure_is_forgotten(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    rows = steady(database, logged, orders=200)
    with database.transaction() as session:
        counted(session, sample_bundle)
    with database.transaction() as session:
        erase(session, str(rows[0].order_id))
        session.execute(update(Erasure).values(asked_at=Erasure.asked_at - 2 * DAY))
        session.execute(text("UPDATE pace_bases SET until = until - interval '3 days'"))
    for left in (1, 0):
        with database.transaction() as session:
            archive_is_clean(session, [str(rows[0].order_id)])
        with database.transaction() as session:
            assert session.query(Erasure).count() == left
            counted(session, sample_bundle)
            assert len(tables(session)[1]) == 199
    with database.transaction() as session:
        assert session.query(Prediction).count() == 199
