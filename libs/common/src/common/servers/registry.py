"""The model registry (MLflow) by its REST interface, with a verified cache on disk in front.

MLflow's own client would bring pandas and more into every service; resolving an alias and fetching files is two calls.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError

from common.errors import BundleMissing, DamagedBundle, NoChampion, NotFound, RegistryUnavailable
from common.model.bundle import Bundle, load
from common.servers import registry_answers as answers
from common.settings import RegistrySettings

Answer = TypeVar("Answer", bound=answers.Answer)

MODEL_NAME = "delivery-time"
CHAMPION = "champion"
CHALLENGER = "challenger"
BUNDLE_PATH = "artifacts/bundle"
"""Where the bundle lies inside the registered MLflow model."""

ORIGIN = "origin"
"""A file in the cache, beside a bundle's own: where the registry had it."""

VERSION = re.compile(r"[0-9]{1,9}")
MOST_FILES, MOST_BYTES = 64, 512 * 2**20
"""Of a bundle: far more than any has, and than whoever answers for the registry may fill the disk with."""

API = "/api/2.0/mlflow"
ARTIFACTS_API = "/api/2.0/mlflow-artifacts/artifacts"


@dataclass(frozen=True)
class ModelVersion:
    """A version in the registry. created: None where the registry does not say."""

    version: str
    source: str
    tags: dict[str, str] = field(default_factory=dict)
    created: datetime | None = None


class Registry:
    """Resolves and moves aliases, downloads bundles, keeps them. url: to be shown, without credentials."""

    def __init__(self, settings: RegistrySettings) -> None:
        self.url = str(settings.url)
        self._cache = settings.cache_dir / MODEL_NAME
        self._http = httpx.Client(
            base_url=settings.url.without_credentials,
            auth=settings.url.credentials,
            timeout=httpx.Timeout(10.0, connect=2.0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def resolve(self, alias: str = CHAMPION) -> ModelVersion:
        """The version an alias points to; NoChampion if it points nowhere, RegistryUnavailable if MLflow is away."""
        answer = self._get(f"{API}/registered-models/alias", answers.Aliased, name=MODEL_NAME, alias=alias)
        return _version(answer.model_version)

    def versions(self, limit: int, page_token: str = "") -> tuple[list[ModelVersion], str]:
        """Up to `limit` versions, newest first, and the token of the next page (empty on the last)."""
        answer = self._get(
            f"{API}/model-versions/search",
            answers.Versions,
            filter=f"name = '{MODEL_NAME}'",
            max_results=str(limit),
            order_by="version_number DESC",
            page_token=page_token,
        )
        return list(map(_version, answer.model_versions)), answer.next_page_token

    def exists(self, version: str) -> bool:
        """Whether the registry has the version."""
        try:
            self._get(f"{API}/model-versions/get", answers.Aliased, name=MODEL_NAME, version=version)
        except NoChampion:
            return False
        return True

    def tag(self, version: str, key: str, value: str) -> None:
        """Note something with a version."""
        self._send("POST", "model-versions/set-tag", version=version, key=key, value=value)

    def point(self, alias: str, version: str) -> None:
        """Let an alias point to a version."""
        self._send("POST", "registered-models/alias", alias=alias, version=version)

    def unpoint(self, alias: str) -> None:
        """Let an alias point nowhere; one that does already is no error."""
        self._send("DELETE", "registered-models/alias", alias=alias)

    def document(self, version: str, name: str) -> str:
        """A text file of a version's bundle, without the rest: its manifest or its model card; NotFound."""
        path = f"{ARTIFACTS_API}/{self._artifact_root(version)}/{BUNDLE_PATH}/{name}"
        try:
            response = self._http.get(path)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(f"version {version} has no {name}")
        if response.is_error:
            raise RegistryUnavailable(self.url, _reason(response))
        return response.text

    def bundle(self, version: str) -> Bundle:
        """The verified bundle of a version: from the cache, else downloaded.

        A copy that is damaged, or of another registry's version of this number, is thrown away first.
        """
        folder = self._folder(version)
        if folder.exists():
            try:
                if self._is_origin_of(folder, version):
                    return load(folder, version)
            except DamagedBundle:
                pass
            shutil.rmtree(folder)
        with self._downloaded(version) as scratch:
            try:
                scratch.rename(folder)
            except OSError:
                if not folder.exists():  # else another process was faster, and its copy is verified too
                    raise
        return load(folder, version)

    def verify(self, version: str) -> None:
        """Download and load a version, whatever the cache has of it; BundleMissing, DamagedBundle."""
        with self._downloaded(version):
            pass

    def champion(self) -> Bundle:
        """The champion's bundle; while MLflow is away, the last champion that this cache has seen."""
        try:
            version = self.resolve().version
        except RegistryUnavailable:
            return self.last_champion()
        bundle = self.bundle(version)
        self.remember_champion(version)
        return bundle

    def remember_champion(self, version: str) -> None:
        """Note in the cache which version the champion is."""
        _write_whole(self._cache / CHAMPION, version)

    def last_champion(self) -> Bundle:
        """The last champion that this cache has seen, without asking MLflow."""
        try:
            version = (self._cache / CHAMPION).read_text()
            return load(self._folder(version), version)
        except (OSError, DamagedBundle) as error:
            raise RegistryUnavailable(self.url, "and no champion is in the cache") from error

    def delete(self, version: str) -> None:
        """Delete a version with its files; one that is gone already is no error."""
        try:
            root = self._artifact_root(version)
        except BundleMissing:
            return
        self._request("DELETE", f"{ARTIFACTS_API}/{root}")
        self._send("DELETE", "model-versions/delete", version=version)
        shutil.rmtree(self._folder(version), ignore_errors=True)

    def _folder(self, version: str) -> Path:
        """Where a version is kept: its name comes over the network, and is no path."""
        if not VERSION.fullmatch(version):
            raise RegistryUnavailable(self.url, f"it names version {version[:40]!r}, where versions are numbers")
        return self._cache / version

    @contextmanager
    def _downloaded(self, version: str) -> Iterator[Path]:
        """A verified copy in a folder of its own, to be moved into place: nobody ever sees half a bundle."""
        self._cache.mkdir(parents=True, exist_ok=True)
        root = self._artifact_root(version)
        scratch = Path(tempfile.mkdtemp(dir=self._cache, prefix="download-"))
        try:
            files = self._get(ARTIFACTS_API, answers.Files, path=f"{root}/{BUNDLE_PATH}").files
            if not files:
                raise BundleMissing(version)
            if len(files) > MOST_FILES or sum(file.file_size or 0 for file in files) > MOST_BYTES:
                raise RegistryUnavailable(self.url, f"version {version} has more files, or bytes, than any bundle has")
            for file in files:
                self._fetch(f"{ARTIFACTS_API}/{root}/{BUNDLE_PATH}/{file.name}", scratch / file.name)
            load(scratch, version)
            (scratch / ORIGIN).write_text(root)
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _is_origin_of(self, folder: Path, version: str) -> bool:
        """Whether a copy is of this registry's version, as far as that can be known now.

        A new registry beside a kept cache counts its versions from 1 again.
        """
        try:
            root = self._artifact_root(version)
        except (RegistryUnavailable, BundleMissing):
            return True
        origin = folder / ORIGIN
        return origin.exists() and origin.read_text() == root

    def _artifact_root(self, version: str) -> str:
        try:
            answer = self._get(
                f"{API}/model-versions/get-download-uri", answers.Artifacts, name=MODEL_NAME, version=version
            )
        except NoChampion:
            raise BundleMissing(version) from None
        if answer.proxied_path is None:
            raise RegistryUnavailable(
                self.url, f"it keeps {answer.artifact_uri} outside its artifact proxy: start it with --serve-artifacts"
            )
        return answer.proxied_path

    def _fetch(self, path: str, target: Path) -> None:
        try:
            with self._http.stream("GET", path) as response, target.open("wb") as file:
                if response.is_error:
                    response.read()
                    raise RegistryUnavailable(self.url, _reason(response))
                for block in response.iter_bytes():
                    if file.tell() > MOST_BYTES:
                        raise RegistryUnavailable(self.url, f"{path} has no end")
                    file.write(block)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error

    def _send(self, method: str, route: str, **body: str) -> None:
        self._request(method, f"{API}/{route}", json={"name": MODEL_NAME, **body})

    def _request(self, method: str, path: str, **options: Any) -> None:
        """Change something; what is not there (any more) is no error when it is to be deleted."""
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error
        gone = method == "DELETE" and response.status_code == httpx.codes.NOT_FOUND
        if not response.is_success and not gone:
            raise RegistryUnavailable(self.url, _reason(response))

    def _get(self, route: str, kind: type[Answer], **query: str) -> Answer:
        try:
            response = self._http.get(route, params=query)
        except httpx.HTTPError as error:
            raise RegistryUnavailable(self.url, error) from error
        if _says_missing(response):
            raise NoChampion(MODEL_NAME)
        if not response.is_success:
            raise RegistryUnavailable(self.url, _reason(response))
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise RegistryUnavailable(self.url, f"it answers as no MLflow does: {response.text[:60]!r}") from error


def _version(said: answers.Version) -> ModelVersion:
    return ModelVersion(said.version, said.source, {tag.key: tag.value for tag in said.tags}, said.created)


def _reason(response: httpx.Response) -> str:
    """What the server says of itself, e.g. which host names it takes."""
    if response.is_redirect:
        return f"status {response.status_code}: it sends us to {response.headers['location'][:200]}"
    return f"status {response.status_code}: {response.text[:200]!r}"


def _says_missing(response: httpx.Response) -> bool:
    if response.status_code not in (400, 404):
        return False
    code = answers.Failure.in_text(response.content).error_code
    return code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


def _write_whole(path: Path, text: str) -> None:
    scratch = path.with_suffix(f".{id(text)}.part")
    scratch.write_text(text)
    scratch.replace(path)
