"""Whatever stands at the registry's address, and whatever it answers: one error that says so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.errors import BundleMissing, RegistryUnavailable
from common.servers.registry import Registry
from common.settings import RegistrySettings

Answering = Callable[[httpx.Response], Registry]
VERSION = {"version": "7", "source": "s"}
ROOT = {"artifact_uri": "mlflow-artifacts:/1/models/m"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def answering(cache: Path) -> Iterator[Answering]:
    answers: list[httpx.Response] = []
    with Registry(RegistrySettings(url="http://mlflow:5000", cache_dir=cache)) as registry:
        registry.close()
        registry._server._http = httpx.Client(
            base_url="http://mlflow:5000", transport=httpx.MockTransport(lambda _: answers[-1])
        )

        def answering(answer: httpx.Response) -> Registry:
            answers.append(answer)
            return registry

        yield answering


@pytest.mark.parametrize(
    "said",
    [{}, [], "x", 7, {"model_version": None}, {"model_version": {}}, {"model_version": [VERSION]},
     {"model_version": VERSION | {"creation_timestamp": "9" * 20}}, {"model_version": VERSION | {"tags": [{}]}}],
    ids=str,
)  # fmt: skip
def test_json_of_something_else_is_no_answer(answering: Answering, said: Any) -> None:
    with pytest.raises(RegistryUnavailable, match="answers as no MLflow does"):
        answering(httpx.Response(200, json=said)).resolve()


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"\xff\xfe nicht da", b"", b"<html>", b'{"error_code": 404}'])
def test_a_missing_page_of_something_else_is_no_missing_champion(answering: Answering, body: bytes) -> None:
    with pytest.raises(RegistryUnavailable, match="status 404"):
        answering(httpx.Response(404, content=body)).resolve()


def test_a_redirection_is_named(answering: Answering) -> None:
    with pytest.raises(RegistryUnavailable, match="status 302: it sends us to https://login/"):
        answering(httpx.Response(302, headers={"location": "https://login/"})).resolve()


def test_what_it_need_not_say_may_be_missing(answering: Answering) -> None:
    found = answering(httpx.Response(200, json={"model_version": {"version": 7, "source": "s"}})).resolve()
    assert (found.version, found.tags, found.created) == ("7", {}, None)


@pytest.mark.parametrize("files", [None, "x", [{}], [None], [{"path": ""}], [{"path": "/"}], [{"path": "a/.."}],
                                   [{"path": "a", "file_size": "much"}]], ids=str)  # fmt: skip
def test_a_list_of_files_that_is_none_is_no_bundle(answering: Answering, files: Any, cache: Path) -> None:
    with pytest.raises(RegistryUnavailable, match="answers as no MLflow does"):
        answering(httpx.Response(200, json=ROOT | {"files": files})).bundle("1")
    assert not list(cache.rglob("download-*"))


def test_a_version_without_files_is_gone(answering: Answering) -> None:
    with pytest.raises(BundleMissing):
        answering(httpx.Response(200, json=ROOT)).bundle("1")


@pytest.mark.parametrize("uri", ["mlflow-artifacts:/1/m", "mlflow-artifacts://mlflow.ns.svc.cluster.local:5000/1/m",
                                 "mlflow-artifacts:///1/m/"])  # fmt: skip
def test_artifacts_are_found_behind_the_proxy_whether_or_not_their_address_names_it(
    answering: Answering, uri: str
) -> None:
    assert answering(httpx.Response(200, json={"artifact_uri": uri}))._server.artifact_root("1") == "1/m"
