"""A cache knows whose bundles it holds: a registry that was made anew counts its versions from 1 again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from common.errors import BundleMissing
from common.servers.registry import Registry
from common.settings import RegistrySettings
from support.model_fixtures import write_sample_bundle


@dataclass
class Served:
    """What the registry has as version 1: the run that made it, and its bundle; None if its files are gone."""

    run: str
    bundle: Path | None


class MlflowsAnswers(BaseHTTPRequestHandler):
    """The three answers of MLflow that fetching a bundle takes."""

    def __init__(self, served: Served, *arguments: object) -> None:
        self._served = served
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path, bundle = urlsplit(self.path).path, self._served.bundle
        if path.endswith("get-download-uri"):
            answer = json.dumps({"artifact_uri": f"mlflow-artifacts:/{self._served.run}"}).encode()
        elif "path" in parse_qs(urlsplit(self.path).query):
            files = [{"path": file.name} for file in bundle.iterdir()] if bundle else []
            answer = json.dumps({"files": files}).encode()
        else:
            assert bundle is not None
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
def registry(served: Served, tmp_path: Path) -> Iterator[Registry]:
    with HTTPServer(("127.0.0.1", 0), partial(MlflowsAnswers, served)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        settings = RegistrySettings(url=f"http://127.0.0.1:{server.server_port}", cache_dir=tmp_path)
        with Registry(settings) as registry:
            yield registry
        server.shutdown()
        thread.join()


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
