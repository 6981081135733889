"""Every SQL of the dashboards and alert rules on the real schema, with Grafana's macros and variables filled in."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from common.database.access import grafana
from common.database.session import Database
from common.database.tables import (
    Actual,
    Alert,
    BatchJob,
    DeliveryPace,
    ModelEvent,
    ModelMetrics,
    Retraining,
)
from common.settings import DatabaseSettings
from dashboards.alerting import alert_rules
from dashboards.write import dashboards
from devstack.servers import postgres
from monitor.alerts.check import Situation
from monitor.alerts.checks import run_checks
from monitor.log.store import store
from support.stack_fixtures import TestServers

NOW, DAY = datetime.now(UTC), timedelta(days=1)
NUMBERS = (int, float, Decimal, type(None))

VARIABLES = {"${version:sqlstring}": "'1','2'", "${source:sqlstring}": "'live','backfill'"}


def expanded(query: str) -> str:
    """What Grafana's Postgres data source sends: macros as its documentation expands them."""
    for variable, values in VARIABLES.items():
        query = query.replace(variable, values)
    query = query.replace("$__interval", "1h")
    query = re.sub(
        r"\$__timeFilter\(([^()]*(?:\([^()]*\))?[^()]*)\)",
        r"\1 BETWEEN '2000-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'",
        query,
    )
    seconds = {"1h": 3600, "5m": 300}
    query = re.sub(
        r"\$__timeGroupAlias\((\w+), *'?(\w+)'?\)",
        lambda found: f'floor(extract(epoch from {found[1]})/{seconds[found[2]]})*{seconds[found[2]]} AS "time"',
        query,
    )
    assert "$" not in query, query
    return query


def panels() -> Iterator[Any]:
    for board in dashboards():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if "rawSql" in target:
                    yield pytest.param(panel, target, id=f"{board['uid']}/{panel['title']}/{target['refId']}")


@pytest.fixture
def seeded(database: Database, monitoring: dict[str, str], logged: Any) -> Iterator[None]:
    """A row or more in every table that a dashboard reads."""
    job = {"input_uri": "s3://b/i.csv", "output_uri": "s3://b/o.csv", "rows_total": 10, "rows_done": 10}
    with database.transaction() as session:
        session.execute(text("TRUNCATE batch_jobs CASCADE"))
        for version, back in (("1", 2), ("1", 1), ("2", 1), ("2", 0)):
            end = NOW - timedelta(days=7 * back)
            for source in ("live", "backfill"):
                session.add(
                    ModelMetrics(
                        timestamp=end,
                        source=source,
                        model_version=version,
                        window_start=end - timedelta(days=7),
                        window_end=end,
                        rows=100,
                        rows_with_actual=90,
                        prediction_drift=0.1,
                        num_drifted_columns=2,
                        share_missing_values=0.2,
                        value_range_share_in_range=0.5,
                        prediction_corr_with_features=0.001,
                        mae=9.0,
                        rmse=10.0,
                        bias=-3.0,
                        interval_coverage=0.7,
                        promises={"0.95": {"promises": 100, "kept": 70}},
                        baseline_mae=6.0,
                        trained_mae=4.0,
                    )
                )
        alert = Alert(rule="low-coverage", subject="1", severity="critical", message="bad", opened_at=NOW)
        session.add(alert)
        session.flush()
        session.add(Retraining(reason="alert", alert_id=alert.id, requested_at=NOW))
        session.add(ModelEvent(event="promoted", model_version="2", actor="trainer", happened_at=NOW))
        session.add(DeliveryPace(day=NOW.date(), region="SP", pace_days=9.5, orders=300))
        session.add(Actual(order_id="order-1", delivered_at=NOW))
        session.add(BatchJob(id=uuid4(), status="queued", **job))
        for status in ("succeeded", "failed"):
            times = {"created_at": NOW, "started_at": NOW, "finished_at": NOW + timedelta(seconds=3)}
            session.add(BatchJob(id=uuid4(), status=status, **job, **times))
    store(database.engine, logged(3, predicted_at=NOW, purchase_timestamp=NOW))
    yield
    with database.transaction() as session:
        session.execute(text("TRUNCATE batch_jobs CASCADE"))


def run(database: Database, query: str) -> tuple[list[str], list[Any]]:
    with database.transaction() as session:
        result = session.execute(text(expanded(query).replace(":", r"\:")))
        return list(result.keys()), list(result.all())


@pytest.mark.usefixtures("seeded")
def test_every_panel_gets_rows_with_the_columns_its_format_needs(database: Database) -> None:
    for case in panels():
        panel, target = case.values
        names, rows = run(database, target["rawSql"])
        assert rows or "batch_chunks" in target["rawSql"], f"{case.id}: no rows from seeded tables"
        if target["format"] == "time_series":
            assert names == ["time", "metric", "value"], case.id
            assert all(isinstance(row[0], (datetime, *NUMBERS)) for row in rows), case.id
            assert all(isinstance(row[2], NUMBERS) for row in rows), case.id
        if panel["type"] == "stat":
            assert all(isinstance(value, NUMBERS) for value in rows[0]), case.id


@pytest.mark.usefixtures("seeded")
def test_annotations_and_variables_run(database: Database) -> None:
    for board in dashboards():
        for annotation in board["annotations"]["list"]:
            names, rows = run(database, annotation["target"]["rawSql"])
            assert {"time", "text", "tags"} <= set(names)
            assert rows
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                assert [row[0] for row in run(database, variable["query"])[1]] == ["2", "1"]


@pytest.mark.usefixtures("monitoring")
def test_grafana_alerts_on_what_the_monitor_has_opened_and_on_nothing_else(database: Database, logged: Any) -> None:
    """Metrics of three days ago and a prediction of an hour ago, in windows of a day: stale, by the monitor's limit."""
    with database.transaction() as session:
        window = {"window_start": NOW - timedelta(days=4), "window_end": NOW - timedelta(days=3)}
        counts = {"rows": 1, "rows_with_actual": 0}
        session.add(ModelMetrics(timestamp=NOW, source="live", model_version="1", **window, **counts))
    store(database.engine, logged(1, predicted_at=NOW - timedelta(hours=1), purchase_timestamp=NOW, order_id=None))
    with database.transaction() as session:
        session.execute(text("UPDATE predictions SET logged_at = predicted_at"))
    with database.transaction() as session:
        opened = {alert.rule for alert in run_checks(Situation(session, NOW, DAY, silence=2 * DAY))}
    assert opened == raised(database) == {"stale-metrics"}
    with database.transaction() as session:
        session.execute(text("UPDATE alerts SET status = 'closed'"))
    assert raised(database) == set()


def raised(database: Database) -> set[str]:
    """The rules on Postgres that Grafana raises now."""
    names = set()
    for group in alert_rules()["groups"]:
        for rule in group["rules"]:
            query, threshold = (part["model"] for part in rule["data"])
            ((evaluator, limit),) = [
                (condition["evaluator"]["type"], condition["evaluator"]["params"][0])
                for condition in threshold["conditions"]
            ]
            values = [row[-1] for row in run(database, query["rawSql"])[1]] if "rawSql" in query else []
            if any(value > limit if evaluator == "gt" else value < limit for value in values if value is not None):
                names.add(rule["uid"].removeprefix("delivery-time-"))
    return names


@pytest.fixture
def as_grafana(database: Database, servers: TestServers) -> Iterator[Database]:
    """The database as Grafana's role sees it."""
    stack, password = servers.stack, "as-long-as-the-test"
    if not postgres._query(stack, "postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'grafana'"):
        postgres._query(stack, "postgres", f"CREATE ROLE {grafana.ROLE} LOGIN PASSWORD '{password}'")
    postgres._query(stack, "postgres", f"GRANT CONNECT ON DATABASE {postgres.DATABASE} TO {grafana.ROLE}")
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {grafana.ROLE}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {grafana.ROLE}"))  # as it was once
        grafana.grant(connection)
    address = database.engine.url.set(username=grafana.ROLE, password=password).render_as_string(hide_password=False)
    made = Database(DatabaseSettings(url=address))
    yield made
    made.close()


@pytest.mark.usefixtures("seeded")
def test_grafana_s_role_reads_what_the_dashboards_show_and_nothing_of_orders_or_keys(as_grafana: Database) -> None:
    for case in panels():
        run(as_grafana, case.values[1]["rawSql"])
    for secret in (
        "SELECT customer_lat FROM predictions",
        "SELECT order_id FROM actuals",
        "SELECT * FROM api_keys",
        "SELECT owner FROM batch_jobs",
        "SELECT idempotency_key FROM batch_jobs",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(as_grafana, secret)
