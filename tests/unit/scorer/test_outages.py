"""Growing waits."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from scorer.jobs.outages import is_outage, wait_seconds
from scorer.settings import ScorerSettings


def test_waits_double_up_to_a_minute() -> None:
    assert [wait_seconds(1.0, faults) for faults in (0, 1, 2, 5, 6, 1_000)] == [1, 2, 4, 32, 60, 60]


def test_a_job_outlives_half_an_hour_of_outages() -> None:
    settings = ScorerSettings()
    waits = [wait_seconds(settings.first_wait_seconds, faults) for faults in range(settings.faults)]
    assert sum(waits) > 1_800


def test_a_database_that_is_away_is_an_outage() -> None:
    with pytest.raises(DBAPIError) as caught:
        create_engine("postgresql+psycopg2://x:y@127.0.0.1:9/x").connect()
    assert is_outage(caught.value)


def test_a_wrong_statement_is_none(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT nonsense"))
    engine.dispose()
    assert not is_outage(caught.value)


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "25006", "57P03", "58030"])
def test_a_server_that_is_full_read_only_or_broken_is_an_outage_too(postgres_url: str, state: str) -> None:
    """Full, out of memory, crowded, failing over, starting, with trouble on its disk: as the server itself says it."""
    engine = create_engine(postgres_url)
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '{state}'; END $$"))
    engine.dispose()
    assert is_outage(caught.value)
