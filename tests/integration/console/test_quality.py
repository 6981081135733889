"""A window's full report opens from the object store, readable and kept apart from the console."""

import gzip
from datetime import UTC, datetime

import pytest

from common.database.session import Database
from common.database.tables import ModelMetrics
from common.servers.objects import ObjectAddress, ObjectStore
from support.console_fixtures import Console

START, END = datetime(2018, 3, 5, tzinfo=UTC), datetime(2018, 3, 12, tzinfo=UTC)
HTML = "<html><body>the full report</body></html>"


@pytest.fixture
def window_id(database: Database, store: ObjectStore) -> int:
    """A measured window whose compressed report lies in the object store, as the monitor puts it there."""
    address = ObjectAddress(store.bucket, "reports/console-test.html")
    store.put(address, gzip.compress(HTML.encode()), "text/html", ContentEncoding="gzip")
    row = ModelMetrics(
        timestamp=END,
        source="backfill",
        model_version="console-test",
        window_start=START,
        window_end=END,
        rows=1,
        rows_with_actual=0,
        report_uri=str(address),
    )
    with database.transaction() as session:
        session.add(row)
    return row.id


def test_a_report_is_readable_and_runs_in_a_sandbox(console: Console, window_id: int) -> None:
    report = console.client.get(f"/quality/reports/{window_id}")
    assert report.text == HTML
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in report.headers["content-security-policy"]


def test_a_window_without_a_report_says_how_to_make_one(console: Console) -> None:
    refused = console.client.get("/quality/reports/999999999")
    assert refused.status_code == 404
    assert "monitor backfill --reports" in refused.text
