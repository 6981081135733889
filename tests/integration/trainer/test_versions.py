"""Which version is champion, whatever is lost or deleted on the way: real MLflow, real Postgres."""

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import mlflow
import pytest
from sqlalchemy import delete, func, select

from common.database.access.acts import newest
from common.database.session import Database
from common.database.tables import ModelEvent
from common.errors import InvalidInput, RegistryUnavailable
from common.model import bundle
from common.model.bundle import MANIFEST, Bundle
from common.model.manifest import FORMAT
from common.promotion import MOVE_LOCK
from common.servers.registry import BUNDLE_PATH, MODEL_NAME, Registry
from common.servers.registry_server import ARTIFACTS_API
from common.servers.signatures import SIGNATURES, SigningKey
from common.settings import DatabaseSettings, RegistrySettings
from support.former.bundles import arrays_of_4, write_format_4
from support.model_fixtures import write_sample_bundle
from trainer.registry.logged_model import log_and_register
from trainer.registry.migration import migrate_bundle
from trainer.registry.versions import Versions
from trainer.tracking import Tracking


@pytest.fixture(scope="module")
def registered(mlflow_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four versions: good ones, but the third, whose bundle lacks a file that its manifest names."""
    Tracking.connect(mlflow_url)
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    write_sample_bundle(folder)
    broken = Path(shutil.copytree(folder, folder.with_name("broken")))
    (broken / "pace.csv").unlink()
    assert "pace.csv" in json.loads((broken / MANIFEST).read_text())["files"]
    versions = []
    for each in (folder, folder, broken, folder):
        with mlflow.start_run():
            versions.append(log_and_register(each))
    return versions


@pytest.fixture
def versions(mlflow_url: str, database: Database, registered: list[str], tmp_path: Path) -> Iterator[Versions]:
    """The first version is champion, and nothing else is on record."""
    with Registry(RegistrySettings(url=mlflow_url, cache_dir=tmp_path)) as bundles:
        versions = Versions(bundles, database, Tracking.connect(mlflow_url))
        with database.transaction() as session:
            session.execute(delete(ModelEvent))
        versions.promote(registered[0], "the first", actor="test")
        yield versions


def events(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        rows = session.scalars(select(ModelEvent).order_by(ModelEvent.id)).all()
    return [(row.event, row.model_version) for row in rows]


def test_without_postgres_the_champion_does_not_move(versions: Versions, registered: list[str]) -> None:
    away = Database(DatabaseSettings(url="postgresql+psycopg2://nobody:x@127.0.0.1:9/none"))
    with pytest.raises(Exception, match="Connection refused"):
        replace(versions, database=away).promote(registered[1], "better", actor="ana")
    assert versions.champion_version() == registered[0]


def test_when_the_alias_does_not_move_no_event_says_that_it_did(
    versions: Versions, database: Database, registered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(registry: Registry, *_: object) -> None:
        raise RegistryUnavailable(registry.url, "down for maintenance")

    monkeypatch.setattr(Registry, "point", refused)
    with pytest.raises(RegistryUnavailable):
        versions.promote(registered[1], "better", actor="ana")
    assert events(database) == [("promoted", registered[0])]


def test_a_version_whose_alias_was_not_set_is_not_judged_yet(
    versions: Versions, registered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(registry: Registry, *_: object) -> None:
        raise RegistryUnavailable(registry.url, "refused")

    with monkeypatch.context() as patched:
        patched.setattr(Registry, "point", refused)
        with pytest.raises(RegistryUnavailable):
            versions.keep_as_challenger(registered[1], "worse")
    assert not versions.was_judged(registered[1])
    versions.keep_as_challenger(registered[1], "worse")
    assert versions.was_judged(registered[1])


def test_a_registry_that_fails_is_not_taken_for_one_without_a_champion(versions: Versions, tmp_path: Path) -> None:
    away = Registry(RegistrySettings(url="http://127.0.0.1:9", cache_dir=tmp_path))
    with away, pytest.raises(RegistryUnavailable, match="does not answer"):
        replace(versions, bundles=away).champion_version()


def test_a_version_that_cannot_be_loaded_is_not_promoted(
    versions: Versions, database: Database, registered: list[str]
) -> None:
    with pytest.raises(InvalidInput, match=rf"version {registered[2]} cannot be champion, its files cannot be loaded"):
        versions.promote(registered[2], "why not", actor="ana")
    assert versions.champion_version() == registered[0]
    assert events(database) == [("promoted", registered[0])]


def test_a_version_whose_files_were_deleted_is_not_promoted(
    versions: Versions, mlflow_url: str, registered: list[str]
) -> None:
    deleted = registered[3]
    versions.bundles.bundle(deleted)  # what the cache has of it, no other host can load
    source = mlflow.MlflowClient().get_model_version_download_uri(MODEL_NAME, deleted)
    artifacts = f"{mlflow_url}{ARTIFACTS_API}/{source.partition(':/')[2].strip('/')}/{BUNDLE_PATH}"
    assert httpx.delete(artifacts).is_success
    with pytest.raises(InvalidInput, match=f"model version {deleted}, or its files, are gone from the registry"):
        versions.promote(deleted, "why not", actor="ana")


def test_a_rollback_to_a_version_that_is_gone_is_refused(
    versions: Versions, database: Database, registered: list[str]
) -> None:
    with database.transaction() as session:
        session.add(ModelEvent(event="promoted", model_version="998", actor="test"))
        session.add(ModelEvent(event="promoted", model_version=registered[0], actor="test"))
    with pytest.raises(InvalidInput, match="has no version 998"):
        versions.rollback("it promises too much", actor="ana")
    assert versions.champion_version() == registered[0]


def test_a_champion_that_cannot_be_loaded_holds_up_no_registration(
    versions: Versions, registered: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    mlflow.MlflowClient().set_registered_model_alias(MODEL_NAME, "champion", registered[2])
    assert versions.champion() is None
    assert f"version {registered[2]}, the champion, cannot be loaded" in caplog.text
    assert versions.promote_over(None, registered[0], "judged against nobody", actor="trainer")
    assert versions.champion_version() == registered[0]


def test_nobody_promotes_what_nobody_vouches_for_until_somebody_does(
    versions: Versions, mlflow_url: str, registered: list[str], tmp_path: Path
) -> None:
    key, second = SigningKey("01" * 32), registered[1]
    settings = RegistrySettings(url=mlflow_url, cache_dir=tmp_path / "careful", trusted_keys={key.public})
    with Registry(settings) as bundles:
        careful = replace(versions, bundles=bundles)
        with pytest.raises(InvalidInput, match=f"model version {second} is not served: it has no valid signature"):
            careful.promote(second, "better", actor="ana")
        assert versions.champion_version() == registered[0]
        bundles.sign(second, key)
        careful.promote(second, "better", actor="ana")
        assert bundles.champion().version == second


def test_who_moved_the_champion_and_why_is_on_record(
    versions: Versions, database: Database, registered: list[str]
) -> None:
    versions.promote(registered[1], "better in the north", actor="ana")
    versions.rollback("it promises too much", actor="bo")
    with database.transaction() as session:
        back, forth = newest(session, 2)
        assert (forth.act, forth.actor, forth.subject) == ("version promoted", "ana", registered[1])
        assert (back.act, back.actor, back.reason) == ("version rolled back", "bo", "it promises too much")


def test_a_champion_that_moved_meanwhile_is_not_overwritten(versions: Versions, registered: list[str]) -> None:
    first, second = registered[:2]
    assert not versions.promote_over(second, second, "won against another champion", actor="trainer")
    assert versions.champion_version() == first
    assert versions.promote_over(first, second, "won", actor="trainer")
    assert versions.champion_version() == second


def test_a_first_champion_that_came_meanwhile_is_not_overwritten(versions: Versions, registered: list[str]) -> None:
    first, second = registered[:2]
    assert not versions.promote_over(None, second, "the first, as far as it knew", actor="trainer")
    assert versions.champion_version() == first


def test_a_move_that_died_before_the_alias_moved_is_no_champion_to_go_back_from(
    versions: Versions, database: Database, registered: list[str]
) -> None:
    first, second, third = registered[:3]
    versions.promote(second, "better", actor="ana")
    with database.transaction() as session:
        session.add(ModelEvent(event="promoted", model_version=third, actor="killed"))
    assert versions.rollback("it promises too much", actor="ana") == first
    assert versions.champion_version() == first


def test_moves_wait_for_each_other(versions: Versions, database: Database, registered: list[str]) -> None:
    second = registered[1]
    with database.transaction() as session:
        session.execute(select(func.pg_advisory_xact_lock(MOVE_LOCK)))
        move = threading.Thread(target=versions.promote, args=(second, "better", "ana"))
        move.start()
        move.join(timeout=1)
        assert move.is_alive()
        assert versions.champion_version() == registered[0]
    move.join()
    assert versions.champion_version() == second


def test_a_champion_of_an_earlier_format_is_registered_again_in_the_present_one(
    versions: Versions, sample_bundle: Bundle, tmp_path: Path
) -> None:
    write_format_4(tmp_path / "bundle", sample_bundle, arrays_of_4())
    with mlflow.start_run():
        former = log_and_register(tmp_path / "bundle")
    versions.promote(former, "of the release before", actor="ana")
    new = migrate_bundle(former, replace(versions, key=SigningKey("01" * 32)), "ana")
    assert new is not None
    assert versions.champion_version() == new
    assert bundle.format_of(versions.bundles.bundle(new).folder) == FORMAT
    assert (versions.bundles.bundle(new).folder / SIGNATURES).exists(), "the trainer vouches for what it has rewritten"
    assert migrate_bundle(new, versions, "ana") is None
    assert migrate_bundle(former, versions, "ana") != new
    assert versions.champion_version() == new, "who was not champion does not become it"
