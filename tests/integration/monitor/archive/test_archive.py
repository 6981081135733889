"""Old months leave Postgres for the object store: each row is in one of the two, whatever happens on the way."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import OperationalError

from common.database import actuals
from common.database.actuals import OrderReport
from common.database.erasures import erase
from common.database.months import REST, made_months, make_months, month_of
from common.database.session import Database
from common.database.tables import Actual, ColdFile, Erasure
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.prediction_log import LoggedPrediction
from common.servers.registry import Registry
from common.settings import RegistrySettings
from monitor.archive import files as files_of_archive
from monitor.archive import moving
from monitor.archive.archiver import Archiver
from monitor.archive.files import COLD, KEPT, ArchiveDiffers, Part, downloaded
from monitor.log.store import store as store_predictions
from monitor.settings import RetentionSettings
from support.gateway_fixtures import NOWHERE

pytestmark = pytest.mark.usefixtures("monitoring")

MakeLogged = Callable[..., list[LoggedPrediction]]
DAY = timedelta(days=1)
NOW = datetime.now(UTC)
RECENT = NOW - 30 * DAY


@pytest.fixture
def objects(store: ObjectStore) -> Iterator[ObjectStore]:
    """The object store, without an archive before and after."""
    _clear(store)
    yield store
    _clear(store)


def _clear(store: ObjectStore) -> None:
    for found in store.objects_under(ObjectAddress(store.bucket, COLD)):
        store.delete(found.address)


@pytest.fixture
def archiver(database: Database, objects: ObjectStore, nothing_aged: None) -> Archiver:
    return Archiver(database, objects, Registry(RegistrySettings(url=NOWHERE)), RetentionSettings())


@pytest.fixture
def nothing_aged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is deleted for its age; see test_ages."""
    monkeypatch.setattr(Archiver, "_delete_aged", lambda _: None)


def log(database: Database, orders: list[LoggedPrediction], *moments: datetime) -> list[LoggedPrediction]:
    """Log each of the orders at the next of the moments."""
    predictions = [
        order._replace(predicted_at=moment, purchase_timestamp=moment, order_id=f"{moment:%Y%m%d}-{order.order_id}")
        for order, moment in zip(orders, moments * len(orders), strict=False)
    ]
    store_predictions(database.engine, predictions)
    return predictions


def hot(database: Database) -> dict[UUID, dict[str, Any]]:
    with database.transaction() as session:
        return {row["id"]: dict(row) for row in session.execute(text("SELECT * FROM predictions")).mappings()}


def files(database: Database, content: str = "predictions") -> list[ColdFile]:
    with database.transaction() as session:
        kept = select(ColdFile).where(ColdFile.state == KEPT, ColdFile.content == content)
        return list(session.scalars(kept.order_by(ColdFile.month)))


def cold(database: Database, objects: ObjectStore, content: str = "predictions") -> list[dict[str, Any]]:
    """Every row of the archive."""

    def rows(path: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return found

    return [
        row for file in files(database, content) for row in downloaded(objects, ObjectAddress.split(file.uri), rows)
    ]


def in_store(objects: ObjectStore) -> set[str]:
    return {str(found.address) for found in objects.objects_under(ObjectAddress(objects.bucket, COLD))}


def test_months_that_are_over_for_long_leave_postgres_with_every_value(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged
) -> None:
    odd = logged(1, order_id=None, request_id='tab\t, newline\n, "quote", \\N, ção', customer_lat=-23.123456789012345)
    march, may = datetime(2018, 3, 31, 23, 59, 59, 999_999, UTC), datetime(2018, 5, 1, tzinfo=UTC)
    log(database, logged(60), march, may, RECENT)
    store_predictions(database.engine, [odd[0]._replace(predicted_at=march), logged(1, request_id="")[0]])
    before = hot(database)
    archiver.work()
    left = hot(database)
    assert {row["predicted_at"] for row in left.values()} == {RECENT}
    assert [(f"{file.month:%Y-%m}", file.rows) for file in files(database)] == [("2018-03", 22), ("2018-05", 20)]
    assert {file.uri for file in files(database)} == in_store(objects)
    archived = {UUID(row["id"]): row | {"id": UUID(row["id"])} for row in cold(database, objects)}
    assert archived | left == before


def test_nothing_leaves_before_its_whole_month_is_old_enough(
    database: Database, archiver: Archiver, logged: MakeLogged
) -> None:
    moment = datetime(2018, 5, 1, tzinfo=UTC)
    log(database, logged(10), moment)
    archiver.work(now=datetime(2018, 5, 31, 23, tzinfo=UTC) + 180 * DAY)
    assert len(hot(database)) == 10
    archiver.work(now=datetime(2018, 6, 1, tzinfo=UTC) + 180 * DAY)
    assert hot(database) == {}


def test_months_are_made_ahead_and_a_fast_clocks_rows_wait_for_theirs(
    database: Database, archiver: Archiver, logged: MakeLogged
) -> None:
    ahead = month_of(NOW + 400 * DAY)
    assert ahead.start is not None
    log(database, logged(5), ahead.start)
    archiver.work()
    with database.engine.begin() as connection:
        names = {month.name for month in made_months(connection)}
        assert {month_of(NOW).name, month_of(NOW + 31 * DAY).name} <= names
        assert connection.scalar(text(f"SELECT count(*) FROM {REST}")) == 5  # noqa: S608
        make_months(connection, ahead.start)
        assert connection.scalar(text(f"SELECT count(*) FROM {ahead.name}")) == 5  # noqa: S608
        connection.rollback()
    assert len(hot(database)) == 5


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_clock_that_was_never_set_stops_no_archive(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged, moment: datetime
) -> None:
    log(database, logged(2), moment, datetime(2018, 5, 1, tzinfo=UTC))
    archiver.work()
    assert hot(database) == {}
    assert {row["predicted_at"] for row in cold(database, objects)} == {moment, datetime(2018, 5, 1, tzinfo=UTC)}


def test_a_store_that_gives_back_something_else_costs_nothing(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(database, logged(10), datetime(2018, 5, 1, tzinfo=UTC))
    upload = objects.upload

    def damaged(address: ObjectAddress, file: Path, progress: Callable[[int], object]) -> None:
        rows = pq.read_table(file)
        pq.write_table(rows.slice(1), file)
        upload(address, file, progress)

    with monkeypatch.context() as patched:
        patched.setattr(objects, "upload", damaged)
        with pytest.raises(ArchiveDiffers, match=r"holds 9 rows .* written were 10"):
            archiver.work()
    assert (len(hot(database)), files(database)) == (10, [])
    archiver.work()
    assert (len(hot(database)), len(cold(database, objects)), len(in_store(objects))) == (0, 10, 1)


def test_a_row_that_comes_while_its_month_is_archived_is_not_lost(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2018, 5, 1, tzinfo=UTC)
    log(database, logged(10), moment)
    upload = objects.upload

    def meanwhile(address: ObjectAddress, file: Path, progress: Callable[[int], object]) -> None:
        log(database, logged(1), moment)
        upload(address, file, progress)

    with monkeypatch.context() as patched:
        patched.setattr(objects, "upload", meanwhile)
        archiver.work()
    assert (len(hot(database)), files(database)) == (11, [])
    archiver.work()
    assert (len(hot(database)), len(cold(database, objects)), len(in_store(objects))) == (0, 11, 1)


def say(database: Database, order_id: str | None, **words: datetime | None) -> None:
    with database.transaction() as session:
        actuals.store(session, [OrderReport.model_validate({"order_id": order_id, **words})])


def test_actuals_follow_their_orders_and_a_later_word_stays(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged
) -> None:
    old, young = log(database, logged(2), datetime(2018, 5, 1, tzinfo=UTC), RECENT)
    say(database, old.order_id, shipped_at=NOW - 3 * DAY, delivered_at=NOW - 2 * DAY)
    say(database, young.order_id, delivered_at=NOW - 2 * DAY)
    with database.transaction() as session:
        session.execute(text("UPDATE actuals SET received_at = '2018-05-09T00:00:00Z'"))
    archiver.work()
    (archived,) = cold(database, objects, "actuals")
    assert archived["order_id"] == old.order_id
    assert (archived["delivered_at"], archived["shipped_at"]) == (NOW - 2 * DAY, NOW - 3 * DAY)
    assert (archived["cancelled_at"], archived["said"]) == (None, 0b11)
    say(database, old.order_id, delivered_at=None)
    with database.transaction() as session:
        rows = {row.order_id: (row.delivered_at, row.said) for row in session.scalars(select(Actual))}
    assert rows == {old.order_id: (None, 0b01), young.order_id: (NOW - 2 * DAY, 0b01)}


def test_who_reports_other_orders_waits_for_none_that_are_archived(
    database: Database, logged: MakeLogged, archiver: Archiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = log(database, logged(1), datetime(2018, 5, 1, tzinfo=UTC))
    say(database, old.order_id, delivered_at=NOW - 2 * DAY)
    with database.transaction() as session:
        session.execute(text("UPDATE actuals SET received_at = '2018-05-09T00:00:00Z'"))
    fingerprint, waited = files_of_archive._fingerprint, []

    def meanwhile(connection: Connection, part: Part) -> object:
        if part.content == "actuals" and connection.get_isolation_level() == "READ COMMITTED":
            for order_id in ("another", old.order_id):
                with database.transaction() as session:
                    session.execute(text("SET LOCAL lock_timeout = 100"))
                    try:
                        actuals.store(session, [OrderReport(order_id=str(order_id), delivered_at=NOW)])
                    except OperationalError:
                        waited.append(order_id)
                        session.rollback()
        return fingerprint(connection, part)

    monkeypatch.setattr(files_of_archive, "_fingerprint", meanwhile)
    archiver.work()
    assert waited == [old.order_id]
    with database.transaction() as session:
        assert session.scalars(select(Actual.order_id)).all() == ["another"]


def test_however_long_a_shop_reports_postgres_holds_the_actuals_of_the_hot_days(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders every thirty days, each delivered in a week; of a tenth of them this system was never asked."""
    monkeypatch.setattr(moving, "ACTUALS_AT_ONCE", 7)
    begin, held, said = datetime(2018, 1, 15, tzinfo=UTC), [], set()
    for number in range(14):
        moment = begin + 30 * number * DAY
        ids = [str(order.order_id) for order in log(database, logged(18), moment)]
        ids += [f"unknown-{number}-{each}" for each in range(2)]
        with database.transaction() as session:
            actuals.store(session, [OrderReport(order_id=each, delivered_at=moment + 7 * DAY) for each in ids])
            session.execute(text("UPDATE actuals SET received_at = delivered_at"))
        said |= set(ids)
        archiver.work(now=moment + 29 * DAY)
        with database.transaction() as session:
            held.append(session.scalars(select(func.count()).select_from(Actual)).one())
    assert held[:6] == [20, 40, 60, 80, 100, 120]
    assert max(held) <= 8 * 20, "half a year, and the month that is not over"
    with database.transaction() as session:
        hot_ids = list(session.scalars(select(Actual.order_id)))
    cold_ids = [row["order_id"] for row in cold(database, objects, "actuals")]
    assert sorted([*hot_ids, *cold_ids]) == sorted(said)


def test_an_erased_order_leaves_the_archive_too(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged
) -> None:
    march, may = datetime(2018, 3, 1, tzinfo=UTC), datetime(2018, 5, 1, tzinfo=UTC)
    orders = log(database, logged(40), march, may)
    gone = orders[3].order_id
    assert gone is not None
    say(database, gone, delivered_at=NOW - 2 * DAY)
    with database.transaction() as session:
        session.execute(text("UPDATE actuals SET received_at = '2018-05-09T00:00:00Z'"))
    archiver.work()
    assert (len(cold(database, objects)), len(cold(database, objects, "actuals"))) == (40, 1)
    untouched = files(database)[0].uri
    with database.transaction() as session:
        erase(session, gone)
    archiver.work()
    assert {row["order_id"] for row in cold(database, objects)} == {row.order_id for row in orders} - {gone}
    assert cold(database, objects, "actuals") == []
    assert [file.rows for file in files(database)] == [20, 19]
    assert files(database)[0].uri == untouched
    assert in_store(objects) == {file.uri for file in files(database)}
    with database.transaction() as session:
        assert [row.archived for row in session.scalars(select(Erasure))] == [False]


def test_a_file_that_cannot_be_read_keeps_nothing_else_from_being_done(
    database: Database, objects: ObjectStore, archiver: Archiver, logged: MakeLogged, monkeypatch: pytest.MonkeyPatch
) -> None:
    march, may = datetime(2018, 3, 1, tzinfo=UTC), datetime(2018, 5, 1, tzinfo=UTC)
    orders = log(database, logged(40), march, may)
    archiver.work()
    damaged, whole = (ObjectAddress.split(file.uri) for file in files(database))
    objects.put(damaged, b"PAR1")
    gone = next(order.order_id for order in orders if order.predicted_at == may)
    aged: list[object] = []
    monkeypatch.setattr(archiver, "_delete_aged", lambda: aged.append("all"))
    with database.transaction() as session:
        erase(session, str(gone))
    with pytest.raises(ExceptionGroup, match="erased orders") as failed:
        archiver.work()
    assert failed.value.exceptions[0].__notes__ == [str(damaged)]
    assert [file.rows for file in files(database)] == [20, 19]
    assert str(whole) not in {file.uri for file in files(database)}
    assert aged
    with database.transaction() as session:
        assert [row.archived for row in session.scalars(select(Erasure))] == [True], "it is looked through again"
