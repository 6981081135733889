"""What has reached its age: reports, results of batch jobs, bundles that will not serve again, counts of refusals, sent
notifications."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from common.batch.outputs import RESULTS
from common.database.session import Database
from common.database.tables import InvalidRequests, ModelEvent, ModelMetrics, Notification
from common.errors import NoChampion
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.registry import CHALLENGER, CHAMPION, ModelVersion, Registry
from monitor.windows.reports import FOLDER

CHAMPIONS_KEPT = 5
"""Of the past, for `trainer rollback`."""

PAGE = 100


def delete_reports(database: Database, store: ObjectStore, age: timedelta) -> int:
    """Delete reports of that age, and their addresses in `model_metrics`; how many."""
    deleted = 0
    for address in _older(store, FOLDER, age):
        with database.transaction() as session:
            of_window = ModelMetrics.report_uri == str(address)
            session.execute(update(ModelMetrics).where(of_window).values(report_uri=None))
        store.delete(address)
        deleted += 1
    return deleted


def delete_results(store: ObjectStore, age: timedelta) -> int:
    """Delete results of that age for which nobody had named an address; how many."""
    deleted = 0
    for address in _older(store, RESULTS, age):
        store.delete(address)
        deleted += 1
    return deleted


def delete_bundles(database: Database, registry: Registry, age: timedelta) -> list[str]:
    """Delete versions registered so long ago, but for those that serve, may serve next, or served last; which ones."""
    kept = _may_serve(database, registry)
    before = datetime.now(UTC) - age
    old = [
        found.version
        for found in every_version(registry)
        if found.version not in kept and found.created is not None and found.created < before
    ]
    for version in old:
        registry.delete(version)
    return old


def delete_invalid_requests(database: Database, age: timedelta) -> int:
    """Delete counts of invalid requests of that age, of which a client may cause one a second; how many."""
    with database.transaction() as session:
        old = InvalidRequests.counted_at < datetime.now(UTC) - age
        return session.execute(delete(InvalidRequests).where(old)).rowcount  # type: ignore[attr-defined]


def delete_notifications(database: Database, age: timedelta) -> int:
    """Delete notifications of that age: of each order at risk there is one; how many."""
    with database.transaction() as session:
        old = Notification.created_at < datetime.now(UTC) - age
        return session.execute(delete(Notification).where(old)).rowcount  # type: ignore[attr-defined]


def every_version(registry: Registry) -> Iterator[ModelVersion]:
    """Every registered version, newest first."""
    token = ""
    while True:
        page, token = registry.versions(PAGE, token)
        yield from page
        if not token:
            return


def _older(store: ObjectStore, folder: str, age: timedelta) -> Iterator[ObjectAddress]:
    before = datetime.now(UTC) - age
    for found in store.objects_under(ObjectAddress(store.bucket, folder)):
        if found.modified is not None and found.modified < before:
            yield found.address


def _may_serve(database: Database, registry: Registry) -> set[str]:
    champions = select(ModelEvent.model_version).where(ModelEvent.event.in_(["promoted", "rolled back"]))
    with database.transaction() as session:
        past = list(session.scalars(champions.order_by(ModelEvent.id.desc())))
    kept = set(list(dict.fromkeys(past))[: CHAMPIONS_KEPT + 1])
    for alias in (CHAMPION, CHALLENGER):
        try:
            kept.add(registry.resolve(alias).version)
        except NoChampion:
            continue
    return kept
