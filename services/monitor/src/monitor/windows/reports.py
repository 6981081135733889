"""The full Evidently report of a window as HTML in the object store."""

import gzip
from datetime import UTC
from typing import TYPE_CHECKING

from common.servers.objects import ObjectAddress, ObjectStore
from monitor.windows.windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot


FOLDER = "reports/"


class Reports:
    """The reports in the store's own bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def save(self, snapshot: "Snapshot", source: str, model_version: str, window: Window) -> str:
        """Upload a window's report and return its address; a window measured again replaces its report.

        Compressed for the journey: of 3.7 MB all but a few kB are the same script in every report.
        """
        key = f"{FOLDER}{source}/version-{model_version}/{window.end.astimezone(UTC):%Y-%m-%dT%H}.html"
        address = ObjectAddress(self._store.bucket, key)
        body = gzip.compress(snapshot.get_html_str(as_iframe=False).encode(), compresslevel=1)
        self._store.put(address, body, "text/html; charset=utf-8", ContentEncoding="gzip")
        return str(address)
