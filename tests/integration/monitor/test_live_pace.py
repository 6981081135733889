from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from common.database.alerts import Finding, apply
from common.database.delivery_pace import read_pace
from common.database.present import replay_reached
from common.database.session import Database
from common.database.tables import Actual, ApiKey, DeliveryPace
from common.model.bundle import Bundle
from common.model.time_scale import TimeScale
from common.servers.prediction_log import LoggedPrediction
from monitor.alerts.check import Situation
from monitor.alerts.pace import PaceOutOfRange, SourceOutOfShare
from monitor.log.store import store
from monitor.pace.live_pace import keep_pace

pytestmark = pytest.mark.usefixtures("monitoring")

MakeLogged = Callable[..., list[LoggedPrediction]]
START = datetime(2018, 3, 5, tzinfo=UTC)


def live_orders(
    database: Database, logged: MakeLogged, take_days: float, days: int = 60, per_day: int = 60, **said: Any
) -> None:
    """Orders of so many days, each delivered `take_days` after its purchase, as far as that has come by the end."""
    orders = [
        order._replace(
            order_id=f"{day}-{order.order_id}",
            purchase_timestamp=START + timedelta(days=day, minutes=number),
            predicted_at=START + timedelta(days=day, minutes=number),
        )
        for day in range(days)
        for number, order in enumerate(logged(per_day, **said))
    ]
    store(database.engine, orders)
    end = START + timedelta(days=days)
    with database.transaction() as session:
        replay_reached(session, end, end)
    with database.transaction() as session:
        for order in orders:
            arrival = order.purchase_timestamp + timedelta(days=take_days)
            if arrival < end:
                session.add(Actual(order_id=order.order_id, delivered_at=arrival))


def pace_window(bundle: Bundle) -> int:
    return TimeScale(bundle.manifest.typical_days).pace_window


def keep(database: Database, bundle: Bundle) -> list[Finding]:
    """Bring the pace up to date; what there is to alert about."""
    with database.transaction() as session:
        now, any_length = datetime.now(UTC), timedelta(days=1)
        situation = Situation(session, now, any_length, any_length, keep_pace(session, bundle))
        return list(PaceOutOfRange().findings(situation))


def test_without_orders_the_table_holds_the_training_datas_pace(database: Database, sample_bundle: Bundle) -> None:
    assert keep(database, sample_bundle) == []
    with database.transaction() as session:
        kept = read_pace(session)
    assert kept is not None
    assert kept.present() == sample_bundle.pace.present()


def test_the_pace_follows_deliveries_and_those_under_way(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    live_orders(database, logged, take_days=6)
    keep(database, sample_bundle)
    with database.transaction() as session:
        newest = session.scalar(select(func.max(DeliveryPace.day)))
        pace = session.scalar(
            select(DeliveryPace.pace_days).where(
                DeliveryPace.day == newest, DeliveryPace.region == sample_bundle.pace.groups[0]
            )
        )
    assert newest == (START + timedelta(days=60)).date()
    assert pace == pytest.approx(6.0, abs=0.1)


def test_on_the_logs_first_days_the_training_datas_pace_stays(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    live_orders(database, logged, take_days=6, days=pace_window(sample_bundle) - 1)
    assert keep(database, sample_bundle) == []
    with database.transaction() as session:
        kept = read_pace(session)
    assert kept is not None
    assert kept.last == (START + timedelta(days=pace_window(sample_bundle) - 1)).date(), "or it would count as stale"
    assert kept.present() == sample_bundle.pace.present()


def test_the_first_days_of_what_is_looked_back_on_stay_as_they_were(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_orders(database, logged, take_days=6, days=60)
    keep(database, sample_bundle)
    rows = text("SELECT day, region, pace_days, orders FROM delivery_pace ORDER BY 1, 2")
    with database.transaction() as session:
        before = session.execute(rows).all()
    monkeypatch.setattr(TimeScale, "look_back", 30)
    keep(database, sample_bundle)
    with database.transaction() as session:
        assert session.execute(rows).all() == before


def test_computing_it_again_changes_nothing(database: Database, sample_bundle: Bundle, logged: MakeLogged) -> None:
    live_orders(database, logged, take_days=6)
    keep(database, sample_bundle)
    rows = text("SELECT day, region, pace_days, orders FROM delivery_pace ORDER BY 1, 2")
    with database.transaction() as session:
        before = session.execute(rows).all()
    keep(database, sample_bundle)
    with database.transaction() as session:
        assert session.execute(rows).all() == before


def test_a_pace_outside_the_training_range_is_found_before_the_slow_orders_arrive(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    slowest = float(sample_bundle.pace.pace.max())
    live_orders(database, logged, take_days=slowest * 1.5)
    opened = [finding for finding in keep(database, sample_bundle) if finding.change == "open"]
    assert opened
    assert "in the training data" in opened[0].message


@pytest.mark.parametrize(
    "further",
    [
        {"origin_region": "SP", "destination_region": "SP"},
        {"origin_id": "a", "destination_postal_code": "75001", "facts": {"carrier": "x"}},
        {"origin_lat": -25.0, "origin_lng": -47.5, "destination_country": "BR"},
    ],
    ids=str,
)
def test_orders_that_name_their_ends_otherwise_make_the_pace_too(
    database: Database, sample_bundle: Bundle, logged: MakeLogged, further: dict[str, Any]
) -> None:
    nowhere = {"seller_zip_code_prefix": None, "customer_lat": None, "customer_lng": None}
    live_orders(database, logged, take_days=6, further=further, **nowhere)
    keep(database, sample_bundle)
    with database.transaction() as session:
        kept = read_pace(session)
    assert kept is not None
    assert min(kept.present().values()) == pytest.approx(6.0, abs=0.1)


def test_orders_without_id_and_from_the_future_do_not_count(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    store(database.engine, logged(100, order_id=None))
    store(database.engine, logged(1, purchase_timestamp=datetime(2090, 1, 1, tzinfo=UTC)))
    assert keep(database, sample_bundle) == []
    with database.transaction() as session:
        newest = session.scalar(select(func.max(DeliveryPace.day)))
    assert newest == sample_bundle.pace.last


def test_orders_of_those_who_may_only_ask_teach_no_pace(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    keys = {"asking": ["predict"], "checkout": ["predict"], "office": ["actuals"], "gone": ["actuals"]}
    owners = {"asking": "stranger", "checkout": "shop", "office": "shop", "gone": "stranger"}
    with database.transaction() as session:
        for key, scopes in keys.items():
            revoked = START if key == "gone" else None
            session.add(ApiKey(id=key, name=key, owner=owners[key], sha256=key, scopes=scopes, revoked_at=revoked))
    live_orders(database, logged, take_days=6)
    with database.transaction() as session:
        session.execute(text("UPDATE predictions SET key_id = 'checkout'"))
    moments = [START + timedelta(days=number % 60) for number in range(4_000)]
    false = [
        row._replace(order_id=f"false-{row.order_id}", key_id="asking", purchase_timestamp=moment, predicted_at=moment)
        for row, moment in zip(logged(4_000), moments, strict=True)
    ]
    store(database.engine, false)
    with database.transaction() as session:
        for row in false:
            delivered = row.purchase_timestamp + timedelta(hours=7)
            session.add(Actual(order_id=str(row.order_id), delivered_at=delivered))
    keep(database, sample_bundle)
    with database.transaction() as session:
        newest = (
            select(DeliveryPace.pace_days)
            .where(DeliveryPace.region == sample_bundle.pace.groups[0])
            .order_by(DeliveryPace.day.desc())
        )
        assert session.scalars(newest).first() == pytest.approx(6.0, abs=0.1)


def flooded(database: Database, logged: MakeLogged, days: int, orders: int) -> None:
    """A log of an honest shop, and on its last days the orders of another owner that report to have come in no time."""
    for key, owner in {"checkout": "shop", "thief": "stranger"}.items():
        with database.transaction() as session:
            scopes = ["predict", "actuals"]
            session.merge(ApiKey(id=key, name=key, owner=owner, sha256=key, scopes=scopes))
    live_orders(database, logged, take_days=6, days=days)
    with database.transaction() as session:
        session.execute(text("UPDATE predictions SET key_id = 'checkout'"))
    moments = [START + timedelta(days=days - 2, seconds=number) for number in range(orders)]
    false = [
        row._replace(order_id=f"false-{row.order_id}", key_id="thief", purchase_timestamp=moment, predicted_at=moment)
        for row, moment in zip(logged(orders), moments, strict=True)
    ]
    store(database.engine, false)
    with database.transaction() as session:
        for row in false:
            delivered = row.purchase_timestamp + timedelta(hours=7)
            session.add(Actual(order_id=str(row.order_id), delivered_at=delivered, key_id="thief", owner="stranger"))


def test_one_owner_s_flood_of_false_deliveries_moves_the_pace_little_and_is_said(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    flooded(database, logged, days=60, orders=10_000)
    with database.transaction() as session:
        measured = keep_pace(session, sample_bundle)
        assert measured is not None
        situation = Situation(session, datetime.now(UTC), timedelta(days=1), timedelta(days=1), measured)
        (finding,) = SourceOutOfShare().findings(situation)
        newest = select(DeliveryPace.pace_days).order_by(DeliveryPace.day.desc()).limit(len(measured.present.groups))
        paces = session.scalars(newest).all()
    assert (finding.subject, finding.change) == ("stranger", "open")
    assert (
        "% of the newest orders that the delivery pace comes from are stranger's, where 0% is usual" in finding.message
    )
    assert min(paces) > 6 * 0.7  # of the flood itself it would be below one day


def test_an_owner_that_is_said_to_grow_is_believed_and_its_alert_closes(
    database: Database, sample_bundle: Bundle, logged: MakeLogged
) -> None:
    flooded(database, logged, days=60, orders=2_000)
    with database.transaction() as session:
        situation = Situation(
            session, datetime.now(UTC), timedelta(days=1), timedelta(days=1), keep_pace(session, sample_bundle)
        )
        apply(session, SourceOutOfShare.name, "warning", SourceOutOfShare().findings(situation))
        growing = keep_pace(session, sample_bundle, unbounded=frozenset({"stranger"}))
        situation = Situation(session, datetime.now(UTC), timedelta(days=1), timedelta(days=1), growing)
        assert [each.change for each in SourceOutOfShare().findings(situation)] == ["close"]
