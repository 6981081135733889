"""A cache knows whose bundles it holds: a registry that was made anew counts its versions from 1 again, and one that
strangers write to names what nobody vouches for."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from common.database.session import Database
from common.errors import BundleMissing, UntrustedBundle
from common.model.bundle import MANIFEST
from common.servers.registry import Registry
from common.servers.signatures import SIGNATURES, SigningKey
from common.settings import DatabaseSettings, RegistrySettings
from gateway.model.champion import Champion
from gateway.model.present_pace import PresentPace
from support.model_fixtures import write_sample_bundle


@dataclass
class Served:
    """What the registry has as version 1: the run that made it, and its bundle; None if its files are gone."""

    run: str
    bundle: Path | None
    asked: list[str] = field(default_factory=list)


class MlflowsAnswers(BaseHTTPRequestHandler):
    """The three answers of MLflow that fetching a bundle takes."""

    def __init__(self, served: Served, *arguments: object) -> None:
        self._served = served
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path, bundle = urlsplit(self.path).path, self._served.bundle
        if path.endswith("get-download-uri"):
            answer = json.dumps({"artifact_uri": f"mlflow-artifacts:/{self._served.run}"}).encode()
        elif path.endswith("alias"):
            answer = json.dumps({"model_version": {"version": "1", "source": ""}}).encode()
        elif "path" in parse_qs(urlsplit(self.path).query):
            files = [{"path": file.name} for file in bundle.iterdir()] if bundle else []
            answer = json.dumps({"files": files}).encode()
        else:
            assert bundle is not None
            self._served.asked.append(path.rpartition("/")[2])
            answer = (bundle / path.rpartition("/")[2]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two that differ."""
    folders = [tmp_path_factory.mktemp("made") / "bundle" for _ in range(2)]
    for seed, folder in enumerate(folders):
        write_sample_bundle(folder, seed)
    return folders


@pytest.fixture
def served(bundles: list[Path]) -> Served:
    return Served("first", bundles[0])


@pytest.fixture
def url(served: Served) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), partial(MlflowsAnswers, served)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def registry(url: str, tmp_path: Path) -> Iterator[Registry]:
    with Registry(RegistrySettings(url=url, cache_dir=tmp_path)) as registry:
        yield registry


NOWHERE = DatabaseSettings(url="postgresql://nobody@127.0.0.1:9/none")
OURS, FOREIGN = SigningKey("01" * 32), SigningKey("02" * 32)


@pytest.fixture
def careful(url: str, tmp_path: Path) -> Iterator[Registry]:
    """A registry that loads what OURS has signed alone."""
    with Registry(RegistrySettings(url=url, cache_dir=tmp_path, trusted_keys={OURS.public})) as registry:
        yield registry


@pytest.fixture
def signed(bundles: list[Path], tmp_path: Path) -> list[Path]:
    """Copies of the two: ours, and a stranger's."""
    folders = [shutil.copytree(bundle, tmp_path / f"signed-{bundle.parent.name}") for bundle in bundles]
    for key, folder in zip((OURS, FOREIGN), folders, strict=True):
        key.sign(folder)
    return folders


def test_a_new_registrys_version_is_not_taken_for_the_one_that_the_cache_has(
    registry: Registry, served: Served, bundles: list[Path]
) -> None:
    first = registry.bundle("1").manifest
    assert registry.bundle("1").manifest == first
    served.run, served.bundle = "second", bundles[1]
    second = registry.bundle("1").manifest
    assert second.data_fingerprint == first.data_fingerprint == "made up"
    assert second.files != first.files


def test_a_copy_outlives_its_registry_but_is_no_proof_that_the_registry_has_it(
    registry: Registry, served: Served, tmp_path: Path
) -> None:
    first = registry.bundle("1").manifest
    served.bundle = None
    assert registry.bundle("1").manifest == first
    with pytest.raises(BundleMissing, match="version 1, or its files, are gone"):
        registry.verify("1")
    with Registry(RegistrySettings(url="http://127.0.0.1:9", cache_dir=tmp_path)) as away:
        assert away.bundle("1").manifest == first


def test_a_stranger_s_model_is_not_loaded_nor_even_fetched(
    careful: Registry, served: Served, signed: list[Path]
) -> None:
    served.bundle = signed[1]
    for load in (careful.bundle, careful.verify):
        with pytest.raises(UntrustedBundle, match="version 1 is not served: it is signed by"):
            load("1")
    assert set(served.asked) == {MANIFEST, SIGNATURES}
    with pytest.raises(UntrustedBundle):
        careful.champion()


def test_what_a_stranger_puts_in_place_of_a_model_takes_nothing_away(
    careful: Registry, served: Served, signed: list[Path]
) -> None:
    served.bundle = signed[0]
    ours = careful.champion().manifest
    served.run, served.bundle = "another", signed[1]
    with pytest.raises(UntrustedBundle):
        careful.bundle("1")
    assert careful.champion().manifest == careful.last_champion().manifest == ours


def test_what_the_cache_has_is_not_trusted_because_it_is_there(
    registry: Registry, careful: Registry, served: Served, signed: list[Path]
) -> None:
    served.bundle = signed[1]
    registry.champion()
    with pytest.raises(UntrustedBundle, match="version 1 is not served"):
        careful.last_champion()
    served.bundle = signed[0]
    assert careful.bundle("1").manifest.files


def test_a_gateway_goes_on_with_what_it_has_and_says_why(careful: Registry, served: Served, signed: list[Path]) -> None:
    served.bundle = signed[0]
    champion = Champion(careful, PresentPace(Database(NOWHERE)), lambda *_: None, lambda _: None)
    champion.refresh()
    ours, champion._found = champion.current(), None
    served.run, served.bundle = "another", signed[1]
    champion.refresh()
    assert champion.current() is ours
    assert champion.trouble is not None
    assert "version 1 is not served" in champion.trouble
