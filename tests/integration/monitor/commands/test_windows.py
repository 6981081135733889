"""Measured windows and their reports, for whoever has no Grafana."""

import csv
import gzip
import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.database.session import Database
from common.database.tables import ModelMetrics
from common.servers.objects import ObjectAddress, ObjectStore
from monitor import cli
from support.command_lines import called

pytestmark = pytest.mark.usefixtures("monitoring")

START = datetime(2018, 3, 5, tzinfo=UTC)


def monitor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return called(cli.main, *arguments, environment={"COLUMNS": "40"})


def measured(database: Database, week: int, source: str, report_uri: str | None = None) -> int:
    """A measured week; its number."""
    span = {"window_start": START + timedelta(weeks=week), "window_end": START + timedelta(weeks=week + 1)}
    row = ModelMetrics(
        timestamp=span["window_end"], source=source, model_version="2", rows=1_234, rows_with_actual=1_200, mae=3.456,
        baseline_mae=5.1, interval_coverage=0.9, report_uri=report_uri, **span,
    )  # fmt: skip
    with database.transaction() as session:
        session.add(row)
    return row.id


def test_the_newest_windows_are_a_table_with_whole_numbers_or_csv(database: Database) -> None:
    assert monitor("metrics").stdout.startswith("no window was measured yet")
    for week in range(3):
        measured(database, week, "backfill")
    measured(database, 3, "live")
    header, *rows = monitor("metrics", "--last", "2").stdout.splitlines()
    assert header.split()[-3:] == ["drift", "missing", "report"]
    assert [row.split()[1:9] for row in rows] == [
        [f"2018-03-{start}", "to", f"2018-0{end}", source, "2", "1,234", "1,200", "3.46"]
        for start, end, source in (("19", "3-26", "backfill"), ("26", "4-02", "live"))
    ]
    lines = list(csv.DictReader(io.StringIO(monitor("metrics", "--source", "backfill", "--csv").stdout)))
    assert [line["mae"] for line in lines] == ["3.456"] * 3


def test_days_are_those_of_utc_whatever_zone_the_database_answers_in(database: Database) -> None:
    measured(database, 0, "live")
    shown = called(cli.main, "metrics", environment={"PGTZ": "America/Sao_Paulo"}).stdout
    assert "2018-03-05 to 2018-03-12" in shown


def test_a_report_is_saved_as_a_file_that_a_browser_opens(
    database: Database, store: ObjectStore, tmp_path: Path
) -> None:
    refused = monitor("report")
    assert (refused.returncode, "no window has a full report" in refused.stderr) == (1, True)
    address = ObjectAddress(store.bucket, "reports/listing-test.html")
    store.put(address, gzip.compress(b"<html>all of it</html>"), "text/html", ContentEncoding="gzip")
    window, bare = measured(database, 0, "live", str(address)), measured(database, 1, "live")
    done = monitor("report", "--to", str(tmp_path))
    assert done.stdout.strip() == str(tmp_path / "live-version-2-2018-03-12.html")
    assert Path(done.stdout.strip()).read_text() == "<html>all of it</html>"
    assert monitor("report", str(window), "--to", str(tmp_path)).stdout == done.stdout
    assert f"window {bare} has no full report" in monitor("report", str(bare)).stderr
