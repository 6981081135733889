"""The prepared history in the object store: what models learn from and are measured on, the same on every host.

    history/parts/SHA256            a month of orders, or the shop's places, as Parquet
    history/versions/VERSION.json   the parts that a version consists of, or which one stands for it
    history/newest.json             the name of the newest version
    history/report.json             what the newest reading of the shop's source found, for people

Parts and versions are named by their content and never changed, and what names a part is written after it. So a version
is whole when it can be seen, and a new one writes only the months in which something is new. An order that is erased
leaves them all: another version then stands for each that had it, under its name too.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from common.errors import DamagedHistory, HistoryGone, InvalidInput, ObjectNotFound
from common.orders.shop.prepared_shop import PreparedShop
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.reports import Reports

FOLDER = "history/"
VERSIONS, PARTS, NEWEST = "versions/", "parts/", "newest.json"
PREPARE = "run `make prepare-data` first"

UNNAMED_FOR = timedelta(days=1)
"""A part that no version names for so long is nobody's; a younger one may belong to a version that is being made."""

log = logging.getLogger(__name__)


class Part(BaseModel):
    """sha256: of the Parquet file."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    rows: int


class HistoryVersion(BaseModel):
    """A version of the history. months: the orders by month of purchase (UTC, `2018-02`).

    source: the same as the shop's source gave them, before what the system has seen was added.
    """

    model_config = ConfigDict(frozen=True)

    shop: PreparedShop
    months: dict[str, Part]
    source: dict[str, Part]
    places: Part | None
    made_at: AwareDatetime

    @property
    def name(self) -> str:
        """What bundles and runs call it; the same content has the same name."""
        return hashlib.sha256(self.model_dump_json(exclude={"made_at"}).encode()).hexdigest()[:16]

    @property
    def orders(self) -> int:
        """How many orders it has."""
        return sum(part.rows for part in self.months.values())

    @property
    def parts(self) -> set[str]:
        """The names of all its parts."""
        places = (self.places,) if self.places else ()
        return {part.sha256 for part in (*self.months.values(), *self.source.values(), *places)}

    def with_parts(self, instead: Mapping[str, Part]) -> Self:
        """The same with other parts of orders in place of those named; a month without an order is none."""
        months, source = (
            {month: new for month, part in parts.items() if (new := instead.get(part.sha256, part)).rows}
            for parts in (self.months, self.source)
        )
        return self.model_copy(update={"months": months, "source": source})


class Replaced(BaseModel):
    """What is left of a version that held an order which was erased: the name of the one without it."""

    instead: str
    made_at: AwareDatetime


@dataclass(frozen=True)
class Damaged:
    """A version whose file cannot be read, and why. made_at: when the file was written."""

    why: str
    made_at: datetime


class Newest(BaseModel):
    """Which version is the newest. source_mark: by which the shop's source is known to be unchanged since it was read,
    '' if that cannot be told."""

    version: str
    source_mark: str


class HistoryStore:
    """The versions in the object store, whose errors every method raises."""

    def __init__(self, objects: ObjectStore, folder: str = FOLDER) -> None:
        self._objects = objects
        self._folder = folder
        self.reports = Reports(objects, folder)

    def newest(self) -> HistoryVersion | None:
        """The newest version; None before the first."""
        newest = self._newest()
        return self.version(newest.version) if newest else None

    def newest_name(self) -> str:
        """The name of the newest version, which may be damaged; '' before the first."""
        newest = self._newest()
        return newest.version if newest else ""

    def source_mark(self) -> str:
        """The mark of the source that the newest version was made from; '' if there is none."""
        newest = self._newest()
        return newest.source_mark if newest else ""

    def version(self, name: str) -> HistoryVersion:
        """A version by its name, or the one that stands for it; HistoryGone, DamagedHistory."""
        found = self._stored(name)
        if isinstance(found, Damaged):
            raise DamagedHistory(name, found.why)
        return found if isinstance(found, HistoryVersion) else self.version(found.instead)

    def versions(self) -> dict[str, HistoryVersion | Replaced | Damaged]:
        """All versions by name, the one first that was made first; the log names those that are damaged."""
        names = [key.removesuffix(".json") for key, _ in self._listed(VERSIONS)]
        stored = dict(sorted(((name, self._stored(name)) for name in names), key=lambda found: found[1].made_at))
        for name, found in stored.items():
            if isinstance(found, Damaged):
                log.error("version %s of the history is passed over: %s", name, DamagedHistory(name, found.why))
        return stored

    def behind(self, name: str) -> set[str]:
        """The names by which a version is found that has this one: its own, and of those that stand for it; none if it
        is gone."""
        try:
            found = self._stored(name)
        except HistoryGone:
            return set()
        return {name} | self.behind(found.instead) if isinstance(found, Replaced) else {name}

    def _stored(self, name: str) -> HistoryVersion | Replaced | Damaged:
        try:
            content, written = self._read_with_age(f"{VERSIONS}{name}.json")
        except ObjectNotFound as error:
            raise HistoryGone(name) from error
        try:
            return TypeAdapter(HistoryVersion | Replaced).validate_json(content)
        except ValidationError as error:
            return Damaged(f"{error.error_count()} fields are not as expected", written)

    def must_have(self, name: str | None = None) -> HistoryVersion:
        """The version of that name, or the newest; InvalidInput if there is none."""
        found = self.newest() if name is None else self.version(name)
        if found is None:
            raise InvalidInput(f"no history of orders is in the object store: {PREPARE}")
        return found

    def put_part(self, file: Path, rows: int) -> Part:
        """Write a part, unless it is there: again if it is so old that it might be deleted as nobody's."""
        with file.open("rb") as content:
            part = Part(sha256=hashlib.file_digest(content, "sha256").hexdigest(), rows=rows)
        address = self._address(f"{PARTS}{part.sha256}")
        if not self._is_younger(address, UNNAMED_FOR / 2):
            self._objects.upload(address, file, lambda _: None)
        return part

    def publish(self, version: HistoryVersion, source_mark: str) -> HistoryVersion:
        """Make a version the newest; as it was made first, if it is there and whole. DamagedHistory if a part is gone
        meanwhile."""
        if missing := version.parts.difference(self.part_names()):
            raise DamagedHistory(min(missing), "it was erased while a version with it was made")
        try:
            version = self.version(version.name)
        except (HistoryGone, DamagedHistory):
            self._put(f"{VERSIONS}{version.name}.json", version)
        self._put(NEWEST, Newest(version=version.name, source_mark=source_mark))
        return version

    def download(self, parts: Iterable[Part], folder: Path) -> list[Path]:
        """Copies of the parts in a folder, in their order; DamagedHistory if one is not what its name says, or gone."""
        return [self._downloaded(part, folder / f"{part.sha256}.parquet") for part in parts]

    def months(self, version: HistoryVersion, folder: Path) -> list[Path]:
        """Copies of a version's months in a folder, oldest first; DamagedHistory."""
        return self.download((version.months[month] for month in sorted(version.months)), folder)

    def part_names(self) -> dict[str, datetime]:
        """The names of all parts, of whichever version, and when each was written."""
        return dict(self._listed(PARTS))

    def replace_parts(self, instead: Mapping[str, Part]) -> None:
        """Write every version again that has one of these parts, with what stands for them, and delete the parts.

        Whenever this dies, doing it again does the rest.
        """
        for name, old in self.versions().items():
            if isinstance(old, HistoryVersion) and old.parts & instead.keys():
                new = old.with_parts(instead)
                self._put(f"{VERSIONS}{new.name}.json", new)
                self._put(f"{VERSIONS}{name}.json", Replaced(instead=new.name, made_at=old.made_at))
        for sha256 in instead:
            self._objects.delete(self._address(f"{PARTS}{sha256}"))

    def delete_versions(self, names: Iterable[str]) -> None:
        """Delete versions."""
        for name in names:
            self._objects.delete(self._address(f"{VERSIONS}{name}.json"))

    def delete_unnamed_parts(self) -> int:
        """Delete the parts that no version names any more, and none is being made with; how many.

        None while a version is damaged: nobody knows which ones it names.
        """
        before = datetime.now(UTC) - UNNAMED_FOR
        old = {name for name, written in self.part_names().items() if written < before}
        versions = list(self.versions().values()) if old else []
        if any(isinstance(version, Damaged) for version in versions):
            return 0
        named = {part for version in versions if isinstance(version, HistoryVersion) for part in version.parts}
        for sha256 in old - named:
            self._objects.delete(self._address(f"{PARTS}{sha256}"))
        return len(old - named)

    def _listed(self, folder: str) -> Iterator[tuple[str, datetime]]:
        address = self._address(folder)
        for found in self._objects.objects_under(address):
            if found.modified:
                yield found.address.key.removeprefix(address.key), found.modified

    def _downloaded(self, part: Part, file: Path) -> Path:
        address = self._address(f"{PARTS}{part.sha256}")
        digest = hashlib.sha256()
        try:
            blocks = self._objects.stream(address, self._objects.stat(address).etag)
        except ObjectNotFound as error:
            raise DamagedHistory(part.sha256, "it is not there any more") from error
        with closing(blocks), file.open("wb") as copy:
            for block in blocks:
                digest.update(block)
                copy.write(block)
        if digest.hexdigest() != part.sha256:
            raise DamagedHistory(part.sha256, "it differs from its checksum")
        return file

    def _newest(self) -> Newest | None:
        try:
            return Newest.model_validate_json(self._read(NEWEST))
        except ObjectNotFound:
            return None
        except ValidationError as error:
            raise DamagedHistory("newest.json", f"{error.error_count()} fields are not as expected") from error

    def _read(self, name: str) -> bytes:
        return self._read_with_age(name)[0]

    def _read_with_age(self, name: str) -> tuple[bytes, datetime]:
        address = self._address(name)
        found = self._objects.stat(address)
        content = self._objects.read(address, 0, found.size, found.etag)
        return content, found.modified or datetime.now(UTC)

    def _put(self, name: str, content: BaseModel) -> None:
        self._objects.put(self._address(name), content.model_dump_json(indent=1).encode(), "application/json")

    def _is_younger(self, address: ObjectAddress, age: timedelta) -> bool:
        try:
            modified = self._objects.stat(address).modified
        except ObjectNotFound:
            return False
        return modified is None or modified > datetime.now(UTC) - age

    def _address(self, name: str) -> ObjectAddress:
        return ObjectAddress(self._objects.bucket, self._folder + name)
