"""After a replay: what the retraining within it was worth on the orders that came after it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete

from common.database import retrainings
from common.database.session import Database
from common.database.tables import Retraining
from common.model.bundle import Bundle
from common.servers.objects import ObjectStore
from common.servers.registry import ModelVersion
from monitor.replay.comparison import Comparison, compare, retraining_since
from monitor.windows.history import PastOrders, read_history
from support.model_fixtures import SHOP, made_up_history
from support.prepared_data import general_table, published, write_orders

END = datetime(2017, 9, 1)  # noqa: DTZ001 - as the command line gives it


@pytest.fixture(scope="module")
def past(store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> PastOrders:
    folder = tmp_path_factory.mktemp("past")
    write_orders(folder, general_table(made_up_history(2_000)), SHOP)
    return read_history(published(folder, store))


class Versions:
    """A registry of a few versions, newest first."""

    def __init__(self, *bundles: Bundle) -> None:
        self.bundles = bundles

    def versions(self, limit: int, page_token: str = "") -> tuple[list[ModelVersion], str]:
        return [ModelVersion(bundle.version, "") for bundle in self.bundles][:limit], page_token

    def bundle(self, version: str) -> Bundle:
        return next(bundle for bundle in self.bundles if bundle.version == version)


@pytest.fixture
def known(sample_bundle: Bundle) -> Callable[[str, str], Bundle]:
    """A version that learned until a day."""

    def known(version: str, day: str) -> Bundle:
        manifest = replace(
            sample_bundle.manifest, training_window={"start": "2017-01-01", "end": day, "known_until": day}
        )
        return replace(sample_bundle, version=version, manifest=manifest)

    return known


def test_the_three_models_are_judged_on_orders_that_neither_of_the_first_two_has_learned_from(
    past: PastOrders, known: Callable[[str, str], Bundle]
) -> None:
    before, new, seer = known("2", "2017-06-01"), known("3", "2017-07-15"), known("1", "2017-12-31")
    registry: Any = Versions(new, before, seer)
    compared = compare(past, registry, before, "3", END)
    assert [(model.version, f"{model.known_until:%Y-%m-%d}") for model in compared.models] == [
        ("2", "2017-06-01"), ("3", "2017-07-15"), ("1", "2017-12-31"),
    ]  # fmt: skip
    bought = past.table["purchase_timestamp"].to_numpy()
    later = (bought >= np.datetime64("2017-07-15")) & (bought < np.datetime64(END))
    assert compared.orders == (later & past.table["delivered_timestamp"].notna().to_numpy()).sum() > 100
    assert len({model.mae for model in compared.models}) == 1, "they are one model here"
    assert compared.models[0].mae > 0


def test_a_model_that_saw_the_future_is_missed_and_named(past: PastOrders, known: Callable[[str, str], Bundle]) -> None:
    before, new = known("2", "2017-06-01"), known("3", "2017-07-15")
    registry: Any = Versions(new, before)
    compared: Comparison = compare(past, registry, before, "3", END)
    assert len(compared.models) == 2
    assert "no version has seen the future" in compared.missing[0]


def test_a_replay_that_ends_with_its_retraining_says_that_it_was_too_short(
    past: PastOrders, known: Callable[[str, str], Bundle]
) -> None:
    registry: Any = Versions(known("3", "2017-08-31"))
    assert "let the replay go on" in compare(past, registry, known("2", "2017-06-01"), "3", END).missing[0]


def test_a_retraining_is_asked_for_once(database: Database) -> None:
    with database.transaction() as session:
        session.execute(delete(Retraining))
    begun_at = datetime.now(UTC) - timedelta(seconds=5)
    assert retraining_since(database, begun_at, 0) is None
    for _ in range(2):
        with database.transaction() as session:
            retrainings.request_unless(session, begun_at, "a replay")
    waiting = retraining_since(database, begun_at, 0)
    assert waiting is not None
    assert (waiting.status, waiting.reason) == ("queued", "a replay")
    with database.transaction() as session:
        session.execute(delete(Retraining))
