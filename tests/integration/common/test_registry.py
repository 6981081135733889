"""Bundles come whole out of a real registry, or not at all."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import mlflow
import pytest

from common.errors import BundleMissing, NoChampion, RegistryUnavailable
from common.servers.registry import CHAMPION, MODEL_NAME, Registry
from common.settings import RegistrySettings
from support.model_fixtures import write_sample_bundle
from trainer.registry.logged_model import log_and_register


@pytest.fixture(scope="module")
def champion(mlflow_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A version registered as the trainer does it, with the alias."""
    folder = tmp_path_factory.mktemp("logged") / "bundle"
    write_sample_bundle(folder)
    mlflow.set_tracking_uri(mlflow_url)
    mlflow.set_experiment("registry-tests")
    with mlflow.start_run():
        version = log_and_register(folder)
    mlflow.MlflowClient().set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    return version


@pytest.fixture
def settings(mlflow_url: str, tmp_path: Path) -> RegistrySettings:
    return RegistrySettings(url=mlflow_url, cache_dir=tmp_path)


@pytest.fixture
def registry(settings: RegistrySettings) -> Iterator[Registry]:
    with Registry(settings) as opened:
        yield opened


def test_the_champion_is_downloaded_and_verified(registry: Registry, champion: str) -> None:
    bundle = registry.champion()
    assert bundle.version == champion
    assert set(bundle.manifest.files) <= {path.name for path in bundle.folder.iterdir()}


def test_without_the_registry_the_last_champion_is_served_from_disk(
    registry: Registry, settings: RegistrySettings, champion: str
) -> None:
    registry.champion()
    away = RegistrySettings(url="http://127.0.0.1:9", cache_dir=settings.cache_dir)
    with Registry(away) as cut_off:
        assert cut_off.champion().version == champion


def test_without_registry_and_cache_the_error_names_the_registry(settings: RegistrySettings) -> None:
    away = RegistrySettings(url="http://127.0.0.1:9", cache_dir=settings.cache_dir)
    with Registry(away) as cut_off, pytest.raises(RegistryUnavailable, match=r"127\.0\.0\.1:9"):
        cut_off.champion()


def test_a_damaged_copy_is_downloaded_again(registry: Registry, champion: str) -> None:
    model = registry.bundle(champion).folder / "model.cbm"
    whole = model.read_bytes()
    model.write_bytes(whole[:100])
    assert (registry.bundle(champion).folder / "model.cbm").read_bytes() == whole


def test_a_name_that_mlflow_does_not_take_is_refused_with_its_own_reason(mlflow_url: str, tmp_path: Path) -> None:
    """0.0.0.0 reaches the server, as a cluster's full name would, and is none of its --allowed-hosts."""
    settings = RegistrySettings(url=mlflow_url.replace("127.0.0.1", "0.0.0.0"), cache_dir=tmp_path)  # noqa: S104
    reason = "status 403: 'Invalid Host header"
    with Registry(settings) as registry:
        for ask in (registry.resolve, lambda: registry.versions(1), lambda: registry.document("1", "manifest.json")):
            with pytest.raises(RegistryUnavailable, match=reason):
                ask()


def test_a_deleted_version_is_gone_and_no_other(
    registry: Registry, champion: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("logged") / "bundle"
    write_sample_bundle(folder)
    with mlflow.start_run():
        old = log_and_register(folder)
    registry.bundle(old)
    registry.delete(old)
    registry.delete(old)
    with pytest.raises(BundleMissing, match=f"version {old}, or its files, are gone"):
        registry.bundle(old)
    assert old not in {found.version for found in registry.versions(100)[0]}
    registry.verify(champion)


def test_an_alias_that_points_nowhere_says_what_to_run(registry: Registry, champion: str) -> None:
    with pytest.raises(NoChampion, match="make params-search register-model"):
        registry.resolve("nobody")


def test_a_proxy_that_answers_with_a_page_is_no_registry(tmp_path: Path) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>please log in</html>")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        settings = RegistrySettings(url=f"http://127.0.0.1:{server.server_port}", cache_dir=tmp_path)
        with Registry(settings) as registry, pytest.raises(RegistryUnavailable, match="please log in"):
            registry.resolve()
        answering.join()


@pytest.mark.parametrize("version", ["../../victim", "/tmp/victim", "1/../../victim", "", "1e3"])
def test_a_version_that_is_no_number_is_no_path(tmp_path: Path, version: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").write_text("x")
    (tmp_path / "cache" / MODEL_NAME).mkdir(parents=True)
    registry = Registry(RegistrySettings(url="http://127.0.0.1:9", cache_dir=tmp_path / "cache"))
    with pytest.raises(RegistryUnavailable, match="where versions are numbers"):
        registry.bundle(version)
    registry.remember_champion(version)
    with pytest.raises(RegistryUnavailable):
        registry.last_champion()
    assert (victim / "kept").read_text() == "x"
    registry.close()
