"""One round of the delivery pace in a process of its own.

`python -m tests.bench.large_log.pace_round URL FOLDER` prints its seconds, its largest memory in megabytes, and the
seconds of its longest part.
"""

import re
import sys
from pathlib import Path
from time import perf_counter

from common.database.session import Database
from common.model import bundle as bundles
from common.settings import DatabaseSettings
from monitor.pace.counts import COUNTING_SECONDS, is_counting
from monitor.pace.live_pace import keep_pace


def main(url: str, folder: str) -> None:
    database, bundle = Database(DatabaseSettings(url=url)), bundles.load(Path(folder), "1")
    parts = []
    counting = True
    while counting:
        begin = perf_counter()
        with database.transaction() as session:
            keep_pace(session, bundle, COUNTING_SECONDS)
            counting = is_counting(session)
        parts.append(perf_counter() - begin)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(sum(parts), int(peak[1]) / 1024 if peak else 0, max(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
