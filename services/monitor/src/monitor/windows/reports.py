"""The full Evidently report of a window as HTML in the object store."""

import gzip
from typing import TYPE_CHECKING

from common.servers.objects import ObjectAddress, s3, store_errors
from common.settings import ObjectStoreSettings, load
from monitor.windows.windows import Window

if TYPE_CHECKING:
    from evidently.core.report import Snapshot


def save_report(snapshot: "Snapshot", source: str, model_version: str, window: Window) -> str:
    """Upload a window's report and return its address; a window measured again replaces its report.

    Compressed for the journey: of 3.7 MB all but a few kB are the same script in every report.
    """
    key = f"reports/{source}/version-{model_version}/{window.end:%Y-%m-%dT%H}.html"
    address = ObjectAddress(load(ObjectStoreSettings).bucket, key)
    with store_errors(address):
        s3().put_object(
            Bucket=address.bucket,
            Key=address.key,
            Body=gzip.compress(snapshot.get_html_str(as_iframe=False).encode(), compresslevel=1),
            ContentType="text/html; charset=utf-8",
            ContentEncoding="gzip",
        )
    return str(address)
