"""A query's rows, read in pieces through a server-side cursor of a transaction that can write nothing."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl
from sqlalchemy import Connection, Engine, Result, create_engine, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from common.errors import first_line
from trainer.sources.errors import SourceAway, UnusableSource
from trainer.sources.raw.table import as_text

PIECE_ROWS = 50_000
CONNECT_SECONDS = 10
POSTGRES = "postgresql+psycopg2"
"""The driver that is installed; which one an address without any means differs between versions of SQLAlchemy."""

READ_ONLY = {
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET TRANSACTION READ ONLY"),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
    "sqlite": ("PRAGMA query_only = ON",),
}
"""What forbids writing, by SQLAlchemy's name of the database; for the session, a COMMIT does not end it."""

_READS = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*|\(\s*)*(select|with|values|table)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Query:
    """One query to one database. `name` is its address as it may be shown; `address` holds its secrets."""

    name: str
    address: str = field(repr=False)
    query: str = ""
    damaged: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _READS.match(self.query):
            raise UnusableSource(
                self.name, "the query must read (SELECT …): nothing is ever written to a shop's database"
            )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the query's columns."""
        with self._rows() as rows:
            return tuple(rows.keys())

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The query's rows as the database gives them, typed columns as text."""
        with self._rows() as rows:
            places = [self.columns.index(column) for column in columns]
            while part := rows.fetchmany(PIECE_ROWS):
                values = zip(*part, strict=True)
                by_place = list(values)
                yield as_text(
                    pl.DataFrame([_series(name, by_place[place]) for name, place in zip(columns, places, strict=True)])
                )

    @contextmanager
    def _rows(self) -> Iterator["Result[tuple[object, ...]]"]:
        engine = self._engine()
        try:
            with engine.connect() as connection:
                _forbid_writing(connection)
                streamed = connection.execution_options(stream_results=True, max_row_buffer=PIECE_ROWS)
                with streamed.execute(text(self.query.rstrip().rstrip(";").replace(":", r"\:"))) as rows:
                    yield rows
        except DBAPIError as error:
            raise self._explained(error) from None
        except SQLAlchemyError as error:
            raise UnusableSource(self.name, first_line(error)) from None

    def _engine(self) -> Engine:
        try:
            address = re.sub("^postgres(ql)?://", f"{POSTGRES}://", self.address)
            is_postgres = address.startswith("postgres")
            waits = {"connect_timeout": CONNECT_SECONDS} if is_postgres else {}
            return create_engine(address, poolclass=NullPool, connect_args=waits)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            reason = f"has no driver here ({first_line(error)}): install it beside the trainer, or export to Parquet"
            raise UnusableSource(self.name, reason) from None
        except (ArgumentError, ValueError):
            raise UnusableSource(self.name, "is no database's address: write postgresql://user@host/name") from None

    def _explained(self, error: DBAPIError) -> UnusableSource | SourceAway:
        cause = first_line(error.orig).replace(self.address, self.name)
        if re.search(r"read-?\s?only|data-modifying|readonly", cause, re.IGNORECASE):
            return UnusableSource(self.name, f"the query writes, which is refused: {cause}")
        if getattr(error.orig, "pgcode", None) or error.statement is not None:
            return UnusableSource(self.name, f"the database refuses the query: {cause}")
        return SourceAway(self.name, cause)


def _forbid_writing(connection: Connection) -> None:
    for statement in READ_ONLY.get(connection.dialect.name, ()):
        connection.execute(text(statement))


def _series(name: str, values: Sequence[object]) -> pl.Series:
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError, OverflowError):
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
