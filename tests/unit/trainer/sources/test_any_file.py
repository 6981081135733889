"""Whatever lies in a file, `trainer inspect` drafts, or refuses with a message of its own."""

import os
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import DeliveryTimeError
from support.shop_files import nowhere
from trainer.sources.inspection.aliases import ALIASES
from trainer.sources.inspection.inspect import inspect
from trainer.sources.raw.open import Sources

NAMES = st.sampled_from(
    [
        *ALIASES,
        "status",
        "email",
        "weight",
        "x y",
        "",
        "_dropped",
        "dropped",
        "row",
        "Größe",
        "delivery_time",
        "on_time_share",
    ]
)
VALUES = st.one_of(
    st.sampled_from(["", "2020-03-02", "2020-03-05T10:00Z", "03/04/2020", "44000.5", "1,5", "-23.5", "N/A", "DE", "NAM",
                     "a@b.de", "canceled", "1e400", "nan", "-", "0", "99999999999999999999", '"', "2020-13-01"]),
    st.text(max_size=6),
)  # fmt: skip
MOMENTS = st.one_of(VALUES, *[st.sampled_from(["2020-03-02 10:00", "2020-03-05", "2021-11-07T01:30:00"])] * 4)
ROWS = st.lists(st.tuples(VALUES, MOMENTS, MOMENTS, st.lists(VALUES, min_size=4, max_size=4)), max_size=12)


def table(names: list[str], rows: list[tuple[str, str, str, list[str]]], delimiter: str) -> bytes:
    """A header with the fields that every shop has and four of any names, and rows of the same width."""
    lines = [("order_id", "purchase_timestamp", "delivered_timestamp", *names)]
    lines += [(*row[:3], *row[3]) for row in rows]
    return "\n".join(delimiter.join(line) for line in lines).encode("utf-8", "surrogatepass")


TABLES = st.builds(table, st.lists(NAMES, min_size=4, max_size=4, unique=True), ROWS, st.sampled_from([",", ";", "\t"]))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.one_of(TABLES, st.binary(max_size=200)))
def test_any_bytes_end_in_a_draft_or_a_message(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with suppress(DeliveryTimeError):
        inspect([path], "DE", "Europe/Berlin", Sources(os.environ, nowhere), lambda _rows: None).draft.text()
