"""Versions of the history go when nobody can want them any more; what a model names, and the newest, stays."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from common.errors import HistoryGone, NotFound, RegistryUnavailable
from common.servers import history as histories
from common.servers.history import HistoryStore, HistoryVersion
from common.servers.objects import ObjectStore
from common.servers.registry import ModelVersion, Registry
from monitor.archive.history_pruning import prune_history
from support.model_fixtures import SHOP, made_up_history
from support.prepared_data import general_table, write_orders
from trainer.published.publish import publish_prepared

AT_ONCE = timedelta(0)


@dataclass
class Models:
    """A registry of models that name these versions; the last one's files are gone."""

    named: list[str]

    def versions(self, limit: int, token: str) -> tuple[list[ModelVersion], str]:
        return [ModelVersion(str(number), "") for number in range(len(self.named) + 1)], ""

    def document(self, version: str, name: str) -> str:
        if int(version) == len(self.named):
            raise NotFound("it has none")
        return json.dumps({"history": self.named[int(version)]})


@pytest.fixture
def made(store: ObjectStore, tmp_path: Path) -> tuple[HistoryStore, list[HistoryVersion]]:
    """Five versions, each with more orders than the one before."""
    history = HistoryStore(store, f"tests/{tmp_path.name}/")
    versions = []
    for orders in (60, 70, 80, 90, 100):
        write_orders(tmp_path, general_table(made_up_history(orders)), SHOP)
        versions.append(publish_prepared(tmp_path / "prepared", history))
    return history, versions


@pytest.fixture
def parts_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no version can be in the making that has them."""
    monkeypatch.setattr(histories, "UNNAMED_FOR", AT_ONCE)


def pruned(history: HistoryStore, named: list[str], age: timedelta = AT_ONCE) -> list[str]:
    return prune_history(history, cast(Registry, Models(named)), age)


@pytest.mark.usefixtures("parts_are_old")
def test_old_versions_that_no_model_names_are_deleted_with_their_parts(
    made: tuple[HistoryStore, list[HistoryVersion]], tmp_path: Path
) -> None:
    history, versions = made
    names = [version.name for version in versions]
    assert pruned(history, [names[1], "of another store", ""]) == [names[0], names[2], names[3]]
    assert set(history.versions()) == {names[1], names[4]}
    assert set(history.part_names()) == versions[1].parts | versions[4].parts
    history.months(history.version(names[1]), tmp_path)
    assert history.newest() == versions[4]
    with pytest.raises(HistoryGone, match=rf"version {names[0]} of the history is not kept any more.*HISTORY_DAYS"):
        history.version(names[0])
    assert pruned(history, []) == [names[1]], "its model is gone"
    assert pruned(history, []) == []


@pytest.mark.usefixtures("parts_are_old")
def test_a_pruning_that_died_between_a_version_and_its_parts_is_finished(
    made: tuple[HistoryStore, list[HistoryVersion]],
) -> None:
    history, versions = made
    history.delete_versions([versions[0].name])
    assert pruned(history, [], timedelta(days=1)) == []
    assert set(history.part_names()) == set().union(*(version.parts for version in versions[1:]))


def test_what_may_be_in_the_making_stays(made: tuple[HistoryStore, list[HistoryVersion]]) -> None:
    history, versions = made
    pruned(history, [])
    assert set(history.part_names()) == set().union(*(version.parts for version in versions))


def test_versions_are_kept_for_their_days_after_a_newer_one(made: tuple[HistoryStore, list[HistoryVersion]]) -> None:
    history, versions = made
    assert pruned(history, [], timedelta(days=1)) == []
    assert list(history.versions()) == [version.name for version in versions], "the oldest first"


def test_the_version_under_the_name_of_one_that_held_an_erased_order_stays(
    made: tuple[HistoryStore, list[HistoryVersion]],
) -> None:
    history, versions = made
    first = versions[1].months["2017-01"]
    history.replace_parts({first.sha256: first.model_copy(update={"rows": 0})})
    pruned(history, [versions[1].name])
    assert history.behind(versions[1].name) < set(history.versions())
    assert history.version(versions[1].name).orders < versions[1].orders
    assert versions[0].name not in history.versions()


@pytest.mark.usefixtures("parts_are_old")
def test_a_damaged_version_is_passed_over_loudly_and_no_part_goes_that_may_be_its(
    made: tuple[HistoryStore, list[HistoryVersion]], store: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    history, (first, damaged, *later) = made
    file = history._address(f"versions/{damaged.name}.json")
    store.put(file, b'{"shop": {}, "mon')
    parts = set(history.part_names())
    assert pruned(history, [damaged.name]) == [first.name, later[0].name, later[1].name]
    assert f"version {damaged.name} of the history is passed over" in caplog.text
    assert history.newest() == later[-1]
    assert set(history.part_names()) == parts
    store.delete(file)
    pruned(history, [])
    assert set(history.part_names()) == later[-1].parts


def test_while_the_registry_is_away_nothing_is_deleted(made: tuple[HistoryStore, list[HistoryVersion]]) -> None:
    class Away(Models):
        def versions(self, limit: int, token: str) -> tuple[list[ModelVersion], str]:
            raise RegistryUnavailable("http://away", "no answer")

    history, versions = made
    with pytest.raises(RegistryUnavailable):
        prune_history(history, cast(Registry, Away([])), AT_ONCE)
    assert len(history.versions()) == len(versions)
