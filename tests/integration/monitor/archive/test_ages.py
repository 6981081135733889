"""What is kept for a time is deleted when its time has come, and nothing else."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import uuid4

import pytest
from sqlalchemy import select

from common.database.session import Database
from common.database.tables import InvalidRequests, ModelEvent, ModelMetrics, Notification
from common.errors import NoChampion
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.registry import ModelVersion, Registry
from monitor.archive import ages

pytestmark = pytest.mark.usefixtures("monitoring")

NOW, DAY = datetime.now(UTC), timedelta(days=1)


def put(store: ObjectStore, key: str) -> ObjectAddress:
    address = ObjectAddress(store.bucket, key)
    store.put(address, b"body")
    return address


def keys(store: ObjectStore, folder: str) -> set[str]:
    return {found.address.key for found in store.objects_under(ObjectAddress(store.bucket, folder))}


def test_reports_of_an_age_are_gone_from_store_and_table(database: Database, store: ObjectStore) -> None:
    report = put(store, "reports/live/version-1/2018-03-05T00.html")
    times = dict.fromkeys(("timestamp", "window_start", "window_end"), NOW)
    with database.transaction() as session:
        session.add(
            ModelMetrics(source="live", model_version="1", rows=1, rows_with_actual=0, report_uri=str(report), **times)
        )
    assert ages.delete_reports(database, store, DAY) == 0
    assert report.key in keys(store, "reports/")
    assert ages.delete_reports(database, store, timedelta(0)) >= 1
    assert keys(store, "reports/") == set()
    with database.transaction() as session:
        assert session.scalars(select(ModelMetrics.report_uri)).one() is None


def test_results_where_the_user_wanted_them_stay(store: ObjectStore) -> None:
    ours, wanted = put(store, "results/some-job/out.csv"), put(store, "wanted/results/out.csv")
    assert ages.delete_results(store, DAY) == 0
    assert ages.delete_results(store, timedelta(0)) >= 1
    assert ours.key not in keys(store, "results/")
    assert keys(store, "wanted/") == {wanted.key}


def test_counts_of_invalid_requests_are_kept_for_a_time(database: Database) -> None:
    with database.transaction() as session:
        for days in (1, 3):
            session.add(InvalidRequests(id=uuid4(), counted_at=NOW - days * DAY, requests=days))
    assert ages.delete_invalid_requests(database, 2 * DAY) == 1
    with database.transaction() as session:
        assert session.scalars(select(InvalidRequests.requests)).all() == [1]


def test_notifications_are_kept_for_a_time(database: Database) -> None:
    with database.transaction() as session:
        for days in (1, 3):
            session.add(Notification(body={"subject": f"{days}"}, created_at=NOW - days * DAY))
    assert ages.delete_notifications(database, 2 * DAY) == 1
    with database.transaction() as session:
        assert session.scalars(select(Notification.body["subject"].astext)).all() == ["1"]


@dataclass
class Versions:
    """A registry of versions made a hundred days apart, the last one today; one a page."""

    count: int
    aliases: dict[str, str]
    deleted: list[str] = field(default_factory=list)

    def versions(self, limit: int, token: str) -> tuple[list[ModelVersion], str]:
        number = int(token or self.count)
        created = NOW - (self.count - number) * 100 * DAY
        return [ModelVersion(str(number), "", created=created)], str(number - 1) if number > 1 else ""

    def resolve(self, alias: str) -> ModelVersion:
        if alias not in self.aliases:
            raise NoChampion("delivery-time")
        return ModelVersion(self.aliases[alias], "")

    def delete(self, version: str) -> None:
        self.deleted.append(version)


def test_versions_that_will_not_serve_again_are_deleted(database: Database) -> None:
    registry = Versions(12, {"champion": "2", "challenger": "3"})
    with database.transaction() as session:
        for version in "1", "4", "5", "4", "6", "7", "8", "2":
            session.add(ModelEvent(event="promoted", model_version=version, actor="test"))
            session.flush()
    assert ages.delete_bundles(database, cast(Registry, registry), timedelta(days=365)) == ["1"]
    assert registry.deleted == ["1"], "9 to 12 are young; 2 serves, 3 may; 8, 7, 6, 4 and 5 served last"
    assert ages.delete_bundles(database, cast(Registry, Versions(12, {})), timedelta(days=365)) == ["3", "1"]
