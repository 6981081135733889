"""The newest reports on what models learn from, in the object store: of the shop's source, and of the backtest."""

from typing import Literal

from common.errors import ObjectNotFound
from common.servers.objects import ObjectAddress, ObjectStore

ReportOf = Literal["source", "backtest"]
OBJECTS: dict[ReportOf, str] = {"source": "report.json", "backtest": "backtest.json"}


class Reports:
    """Kept in the folder of the history, one of each; every method raises the object store's errors."""

    def __init__(self, objects: ObjectStore, folder: str) -> None:
        self._objects = objects
        self._folder = folder

    def put(self, of: ReportOf, report: bytes) -> None:
        """Keep a report (JSON) in place of the one before."""
        self._objects.put(self._address(of), report, "application/json")

    def newest(self, of: ReportOf) -> bytes | None:
        """The report; None if none was kept."""
        address = self._address(of)
        try:
            found = self._objects.stat(address)
            return self._objects.read(address, 0, found.size, found.etag)
        except ObjectNotFound:
            return None

    def _address(self, of: ReportOf) -> ObjectAddress:
        return ObjectAddress(self._objects.bucket, self._folder + OBJECTS[of])
