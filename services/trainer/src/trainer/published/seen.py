"""What the system has seen of orders: what it was asked about, and what was reported of them, hot and cold.

However many there are, it is read in parts of about AT_ONCE orders.

An order counts with its first answer. Of what was reported the newest word of each kind counts, and `null` takes a word
back. Whoever may ask but reports nothing teaches nothing (`common.database.counted`).
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, select, text

from common.database.actuals import BITS, KINDS
from common.database.counted import BOUGHT, TRUSTED, TRUSTED_KEYS
from common.database.session import Database
from common.database.tables import ColdFile, Erasure
from common.errors import ObjectNotFound
from common.orders.names import COORDINATES, OLD_NUMBERS, TEXTS, ZIP_CODE_PREFIX
from common.orders.shop.sections import Facts
from common.servers.objects import ObjectAddress, ObjectStore

MOMENT = pl.Datetime("us", "UTC")
ASKED = {
    "order_id": pl.String,
    "predicted_at": MOMENT,
    "model_version": pl.String,
    "purchase_timestamp": MOMENT,
    ZIP_CODE_PREFIX: pl.Int64,
    **dict.fromkeys(OLD_NUMBERS, pl.Float64),
    "further": pl.String,
    "delivery_time_days": pl.Float64,
    "upper_days": pl.Float64,
}
REPORTED = {"order_id": pl.String, "said": pl.Int16, "received_at": MOMENT, **dict.fromkeys(KINDS, MOMENT)}

KEPT = "kept"
"""Files of the archive in this state count."""

TRIES = 3
"""A file of the archive may be written again, without an order that was erased, while it is read."""

AT_ONCE = 500_000


@dataclass(frozen=True)
class Seen:
    """Some orders. asked: one a row, with the columns of the general table that requests have, `asked_at`, and the days
    that were answered. words: one a row, each kind's newest word (KINDS), and when that was said (`KIND_said`)."""

    asked: pl.DataFrame
    words: pl.DataFrame

    @property
    def order_ids(self) -> pl.DataFrame:
        """Of every order of which anything is known."""
        return pl.concat([self.asked.select("order_id"), self.words.select("order_id")]).unique()


def read_seen(
    database: Database, objects: ObjectStore, facts: Facts, is_ours: Callable[[str], bool] = lambda version: True
) -> Iterator[Seen]:
    """What Postgres and the archive hold together at one moment, all of an order in one part.

    is_ours: whether a model version is of this shop; what another shop's has answered is none of its orders.
    """
    with tempfile.TemporaryDirectory(prefix="seen-") as scratch:
        answers, words = _gathered(database, objects, Path(scratch))
        versions = answers.select(pl.col("model_version").unique()).collect(engine="streaming").to_series()
        answers = answers.filter(pl.col("model_version").is_in([each for each in versions if is_ours(each)]))
        rows = [each.select(pl.len()).collect(engine="streaming").item() for each in (answers, words)]
        parts = 1 + max(rows) // AT_ONCE
        for part in range(parts):
            chosen = pl.col("order_id").hash(0) % parts == part
            yield Seen(_first_asked(answers.filter(chosen), facts), _newest_words(words.filter(chosen)))


def _gathered(database: Database, objects: ObjectStore, folder: Path) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Every answer and every word, in files of the folder."""
    for number in range(TRIES):
        with suppress(ObjectNotFound) if number < TRIES - 1 else nullcontext():
            return _gathered_once(database, objects, folder)
    raise AssertionError("unreachable")


def _gathered_once(database: Database, objects: ObjectStore, folder: Path) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        archived = connection.execute(select(ColdFile.uri, ColdFile.content).where(ColdFile.state == KEPT)).all()
        erased = connection.execute(select(Erasure.order_id, Erasure.asked_at)).all()
        trusted = list(connection.scalars(text(TRUSTED_KEYS)))
        asked = [_copied(connection, "predictions", ASKED, _ASKED_HOT, folder)]
        words = [_copied(connection, "actuals", REPORTED, "true", folder)]
    for number, (uri, content) in enumerate(archived):
        file = _downloaded(objects, uri, folder / "archived")
        is_asked = content == "predictions"
        rows = _cold_asked(file, trusted) if is_asked else pl.scan_parquet(file).select(_as(REPORTED))
        (asked if is_asked else words).append(_kept(rows, folder / f"{number}.parquet"))
    return _unless_erased(pl.concat(asked), "predicted_at", erased), _unless_erased(
        pl.concat(words), "received_at", erased
    )


def _unless_erased(rows: pl.LazyFrame, at: str, erased: Sequence[Any]) -> pl.LazyFrame:
    """Without what was known of an order when it was erased, and the archive may still hold."""
    gone = pl.LazyFrame([tuple(row) for row in erased], {"order_id": pl.String, "erased_at": MOMENT}, orient="row")
    kept = pl.col("erased_at").is_null() | (pl.col(at) > pl.col("erased_at"))
    return rows.join(gone, on="order_id", how="left").filter(kept).drop("erased_at")


def _first_asked(rows: pl.LazyFrame, facts: Facts) -> pl.DataFrame:
    """An order once, in the columns of the general table."""
    first = rows.sort("predicted_at").unique("order_id", keep="first", maintain_order=True).collect(engine="streaming")
    further = pl.col("further").str
    said = {name: further.json_path_match(f"$.{name}") for name in (*TEXTS, *COORDINATES)}
    said |= {name: further.json_path_match(f"$.facts[{name!r}]") for name in (*facts.numeric, *facts.category)}
    numbers = {*COORDINATES, *facts.numeric}
    columns = {name: found.cast(pl.Float64, strict=False) if name in numbers else found for name, found in said.items()}
    columns |= {name: pl.coalesce(pl.col(old), columns[name]) for old, name in OLD_NUMBERS.items()}
    return first.select(
        "order_id",
        "purchase_timestamp",
        pl.col("predicted_at").alias("asked_at"),
        ZIP_CODE_PREFIX,
        "delivery_time_days",
        "upper_days",
        **columns,
    )


def _newest_words(rows: pl.LazyFrame) -> pl.DataFrame:
    by_kind = []
    for kind, bit in BITS.items():
        was_said = (pl.col("said").cast(pl.Int64) & bit) > 0
        by_kind.append(pl.col(kind).filter(was_said).last())
        by_kind.append(pl.col("received_at").filter(was_said).last().alias(f"{kind}_said"))
    return rows.sort("received_at").group_by("order_id").agg(by_kind).collect(engine="streaming")


def _cold_asked(file: Path, trusted: list[str]) -> pl.LazyFrame:
    latest = pl.col("predicted_at") + pl.duration(days=1)
    return (
        pl.scan_parquet(file)
        .filter(
            pl.col("role") == "champion",
            pl.col("order_id").is_not_null(),
            pl.col("purchase_timestamp") <= latest,
            pl.col("key_id").is_in(trusted),
        )
        .select(_as(ASKED))
    )


def _as(schema: dict[str, Any]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in schema.items()]


_ASKED_HOT = f"role = 'champion' AND order_id IS NOT NULL AND {BOUGHT} AND {TRUSTED}"


def _copied(connection: Connection, table: str, schema: dict[str, Any], condition: str, folder: Path) -> pl.LazyFrame:
    """Rows of a table, through a file; moments as microseconds, which need no zone."""
    chosen = ", ".join(
        f"(extract(epoch FROM {name}) * 1000000)::bigint" if kind == MOMENT else f"{name}"
        for name, kind in schema.items()
    )
    present = f"'{datetime.now(UTC).isoformat()}'"
    query = f"SELECT {chosen} FROM {table} WHERE {condition}".replace(":present", present)  # noqa: S608
    file = folder / "copied.csv"
    cursor: Any = connection.connection.cursor()
    with file.open("wb") as sink, cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", sink)
    read = {name: pl.Int64 if kind == MOMENT else kind for name, kind in schema.items()}
    rows = pl.scan_csv(file, has_header=False, schema=read) if file.stat().st_size else pl.LazyFrame(schema=read)
    moments = (pl.from_epoch(name, "us").dt.replace_time_zone("UTC") for name, kind in schema.items() if kind == MOMENT)
    return _kept(rows.with_columns(moments).select(_as(schema)), folder / f"{table}.parquet")


def _kept(rows: pl.LazyFrame, file: Path) -> pl.LazyFrame:
    rows.sink_parquet(file)
    return pl.scan_parquet(file)


def _downloaded(objects: ObjectStore, uri: str, file: Path) -> Path:
    address = ObjectAddress.split(uri)
    with file.open("wb") as copy, closing(objects.stream(address, objects.stat(address).etag)) as blocks:
        for block in blocks:
            copy.write(block)
    return file
