"""The model registry (MLflow), with a cache on disk in front: what is loaded is whole, and vouched for."""

import logging
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from common.errors import (
    BundleMissing,
    DamagedBundle,
    NoChampion,
    NotFound,
    OtherFormat,
    RegistryUnavailable,
    UntrustedBundle,
)
from common.model.bundle import MANIFEST, Bundle, load
from common.model.manifest import Manifest
from common.servers import registry_answers as answers
from common.servers.registry_server import ARTIFACTS_API, MOST_BYTES, RegistryServer
from common.servers.signatures import SIGNATURES, SigningKey, Trust
from common.settings import RegistrySettings, in_production

MODEL_NAME = "delivery-time"
CHAMPION = "champion"
CHALLENGER = "challenger"
BUNDLE_PATH = "artifacts/bundle"
"""Where the bundle lies inside the registered MLflow model."""

ORIGIN = "origin"
"""A file in the cache, beside a bundle's own: where the registry had it."""

VERSION = re.compile(r"[0-9]{1,9}")
MOST_FILES = 64
"""Of a bundle: far more than any has."""

log = logging.getLogger(__name__)


logger = logging.getLogger(__name__)


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
        self._server = RegistryServer(settings.url, MODEL_NAME)
        self._trust = Trust(settings.trusted_keys)
        if in_production() and not settings.trusted_keys:
            logger.warning("models are loaded whoever made them: REGISTRY_TRUSTED_KEYS is not set (docs/deploy.md)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()

    def resolve(self, alias: str = CHAMPION) -> ModelVersion:
        """The version an alias points to; NoChampion if it points nowhere, RegistryUnavailable if MLflow is away."""
        answer = self._server.get("registered-models/alias", answers.Aliased, name=MODEL_NAME, alias=alias)
        return _version(answer.model_version)

    def versions(self, limit: int, page_token: str = "") -> tuple[list[ModelVersion], str]:
        """Up to `limit` versions, newest first, and the token of the next page (empty on the last)."""
        answer = self._server.get(
            "model-versions/search",
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
            self._server.get("model-versions/get", answers.Aliased, name=MODEL_NAME, version=version)
        except NoChampion:
            return False
        return True

    def tag(self, version: str, key: str, value: str) -> None:
        """Note something with a version."""
        self._server.change("POST", "model-versions/set-tag", version=version, key=key, value=value)

    def point(self, alias: str, version: str) -> None:
        """Let an alias point to a version."""
        self._server.change("POST", "registered-models/alias", alias=alias, version=version)

    def unpoint(self, alias: str) -> None:
        """Let an alias point nowhere; one that does already is no error."""
        self._server.change("DELETE", "registered-models/alias", alias=alias)

    def document(self, version: str, name: str) -> str:
        """A text file of a version's bundle, without the rest: its manifest or its model card; NotFound."""
        try:
            return self._server.text(f"{self._bundle_path(version)}/{name}")
        except NotFound:
            raise NotFound(f"version {version} has no {name}") from None

    def bundle(self, version: str) -> Bundle:
        """The verified bundle of a version: from the cache, else downloaded.

        A copy that is damaged, that nobody vouches for, or of another registry's version of this number, is replaced.
        """
        folder, is_stale = self._folder(version), False
        if folder.exists():
            try:
                if self._is_origin_of(folder, version):
                    return self._loaded(folder, version)
            except OtherFormat:
                raise  # a service of another release may need the copy
            except DamagedBundle:
                pass
            is_stale = True
        with self._downloaded(version) as scratch:
            if is_stale:  # only now: a registry that has nothing better takes away nothing
                shutil.rmtree(folder, ignore_errors=True)
            try:
                scratch.rename(folder)
            except OSError:
                if not folder.exists():  # else another process was faster, and its copy is verified too
                    raise
        return self._loaded(folder, version)

    def verify(self, version: str) -> None:
        """Download and load a version, whatever the cache has of it; BundleMissing, DamagedBundle."""
        with self._downloaded(version):
            pass

    def champion(self) -> Bundle:
        """The champion's bundle; the last champion that this cache has seen while MLflow is away, or names one that
        nobody vouches for."""
        try:
            version = self.resolve().version
            bundle = self.bundle(version)
        except RegistryUnavailable:
            return self.last_champion()
        except UntrustedBundle as error:
            return self._instead_of_untrusted(error)
        self.remember_champion(version)
        return bundle

    def aliased(self) -> list[str]:
        """The versions that serve, or predict beside those that do."""
        found = []
        for alias in (CHAMPION, CHALLENGER):
            with suppress(NoChampion):
                found.append(self.resolve(alias).version)
        return found

    def sign(self, version: str, key: SigningKey) -> Manifest:
        """Vouch for a version that is registered already, whoever made it; BundleMissing, DamagedBundle."""
        with self._downloaded(version, Trust()) as scratch:
            key.sign(scratch)
            self._server.upload(f"{self._bundle_path(version)}/{SIGNATURES}", (scratch / SIGNATURES).read_bytes())
            return load(scratch, version).manifest

    def remember_champion(self, version: str) -> None:
        """Note in the cache which version the champion is."""
        _write_whole(self._cache / CHAMPION, version)

    def last_champion(self) -> Bundle:
        """The last champion that this cache has seen, without asking MLflow; UntrustedBundle."""
        try:
            version = (self._cache / CHAMPION).read_text()
            return self._loaded(self._folder(version), version)
        except (OtherFormat, UntrustedBundle):
            raise
        except (OSError, DamagedBundle) as error:
            raise RegistryUnavailable(self.url, "and no champion is in the cache") from error

    def delete(self, version: str) -> None:
        """Delete a version with its files; one that is gone already is no error."""
        try:
            root = self._server.artifact_root(version)
        except BundleMissing:
            return
        self._server.delete(root)
        self._server.change("DELETE", "model-versions/delete", version=version)
        shutil.rmtree(self._folder(version), ignore_errors=True)

    def _instead_of_untrusted(self, error: UntrustedBundle) -> Bundle:
        try:
            bundle = self.last_champion()
        except (RegistryUnavailable, UntrustedBundle):
            raise error from None
        log.warning("%s; going on with version %s", error, bundle.version)
        return bundle

    def _loaded(self, folder: Path, version: str) -> Bundle:
        self._trust.check(folder, version)
        return load(folder, version)

    def _folder(self, version: str) -> Path:
        """Where a version is kept: its name comes over the network, and is no path."""
        if not VERSION.fullmatch(version):
            raise RegistryUnavailable(self.url, f"it names version {version[:40]!r}, where versions are numbers")
        return self._cache / version

    @contextmanager
    def _downloaded(self, version: str, trust: Trust | None = None) -> Iterator[Path]:
        """A verified copy in a folder of its own, to be moved into place: nobody ever sees half a bundle.

        The manifest comes first: of a bundle that nobody vouches for, the rest is not asked for.
        """
        self._cache.mkdir(parents=True, exist_ok=True)
        root = self._server.artifact_root(version)
        scratch = Path(tempfile.mkdtemp(dir=self._cache, prefix="download-"))
        try:
            files = self._server.files(f"{root}/{BUNDLE_PATH}")
            if not files:
                raise BundleMissing(version)
            if len(files) > MOST_FILES or sum(file.file_size or 0 for file in files) > MOST_BYTES:
                raise RegistryUnavailable(self.url, f"version {version} has more files, or bytes, than any bundle has")
            first = [file.name for file in files if file.name in (MANIFEST, SIGNATURES)]
            self._fetch(root, first, scratch)
            (self._trust if trust is None else trust).check(scratch, version)
            self._fetch(root, [file.name for file in files if file.name not in first], scratch)
            load(scratch, version)
            (scratch / ORIGIN).write_text(root)
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _fetch(self, root: str, names: list[str], folder: Path) -> None:
        for name in names:
            self._server.download(f"{ARTIFACTS_API}/{root}/{BUNDLE_PATH}/{name}", folder / name)

    def _bundle_path(self, version: str) -> str:
        return f"{ARTIFACTS_API}/{self._server.artifact_root(version)}/{BUNDLE_PATH}"

    def _is_origin_of(self, folder: Path, version: str) -> bool:
        """Whether a copy is of this registry's version, as far as that can be known now.

        A new registry beside a kept cache counts its versions from 1 again.
        """
        try:
            root = self._server.artifact_root(version)
        except (RegistryUnavailable, BundleMissing):
            return True
        origin = folder / ORIGIN
        return origin.exists() and origin.read_text() == root


def _version(said: answers.Version) -> ModelVersion:
    return ModelVersion(said.version, said.source, {tag.key: tag.value for tag in said.tags}, said.created)


def _write_whole(path: Path, text: str) -> None:
    scratch = path.with_suffix(f".{id(text)}.part")
    scratch.write_text(text)
    scratch.replace(path)
