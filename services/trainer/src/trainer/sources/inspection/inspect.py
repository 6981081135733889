"""`trainer inspect`: reads a shop's files, drafts the shop file, reports what is odd, says what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from pydantic import ValidationError

from common.errors import InvalidInput
from common.orders.names import MOMENTS, SPANS, field_of
from common.orders.shop.read import read_shop
from common.orders.shop.sections import Shop
from common.orders.shop.source import OLIST, Kind, kind_of
from trainer.sources.build import build
from trainer.sources.errors import UnusableSource
from trainer.sources.inspection.aliases import clock_beside, columns_like, fields_by_alias
from trainer.sources.inspection.countries import country_codes, only_zone, usual_country, where_most_lie
from trainer.sources.inspection.draft import Draft
from trainer.sources.inspection.suggest import facts, placeholders, statuses
from trainer.sources.olist.check import missing_files_and_columns
from trainer.sources.olist.shop import olist_shop
from trainer.sources.orders.formats import InDoubt, Unknown, format_of
from trainer.sources.orders.kept import Progress
from trainer.sources.orders.numbers import Decimal, decimal_of, numbers
from trainer.sources.orders.reading import ABSENT, known
from trainer.sources.personal import snake
from trainer.sources.raw.joined import PLUS, parts, with_joined
from trainer.sources.raw.open import Sources
from trainer.sources.raw.table import RawTable
from trainer.sources.report import OrdersReport

HEAD_ROWS = 100_000
"""Rows by which columns are sorted."""

FULL = 0.8
"""Of the moments that the fullest column has, in one that is as good."""

CLOCK = r"^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?$"
MOSTLY = 0.8


@dataclass(frozen=True)
class Inspected:
    """A draft, its report if the draft is complete enough for one, and why each column that is not used is not."""

    draft: Draft
    report: OrdersReport | None
    left_out: dict[str, str]
    problem: str | None = None


def check(path: Path, sources: Sources, progress: Progress) -> OrdersReport:
    """Read all that a shop file names and report it, writing nothing."""
    return _reported(read_shop(path, sources.environment), sources, progress)


def inspect(
    paths: Sequence[Path],
    country: str | None,
    time_zone: str | None,
    sources: Sources,
    progress: Progress,
    complete: bool = False,
) -> Inspected:
    """Draft a shop file for these files: one table of orders, and perhaps one of deliveries.

    complete: take UTC and a country without holidays for a clock and a country that the data does not tell.
    """
    source, second = _sources(paths, sources)
    if kind_of(source) is Kind.OLIST:
        return _report(_olist(source, paths[0]), sources, progress, {})
    table = sources.open(source, Path())
    head = _head(table)
    draft = Draft(_name(paths[0]), country, time_zone, {"source": source})
    draft.columns = fields_by_alias(table.columns)
    if second:
        _add_deliveries(draft, second, sources)
    _take_fullest_purchase(draft, head)
    _join_clocks(draft, head)
    table = with_joined(table, draft.columns.values())
    _check_countries(draft, head)
    draft.time_zone = draft.time_zone or (only_zone(draft.country) if draft.country else None)
    _look_where_they_lie(draft, head)
    if complete:
        _complete(draft)
    _add_missing(draft, head)
    _add_formats(draft, table)
    status = statuses(head, table.columns)
    if status:
        draft.status = dict(zip(("column", "cancelled", "lost"), status, strict=True))
    used = {*chain.from_iterable(map(parts, draft.columns.values())), *([status[0]] if status else [])}
    rest = [column for column in head.columns if column not in used]
    suggested = facts(head, rest, draft.orders.get("missing", ()))
    draft.facts = {"numeric": list(suggested.numeric), "category": list(suggested.category)}
    _add_shipments(draft, table)
    return _report(draft, sources, progress, suggested.left_out)


def _report(draft: Draft, sources: Sources, progress: Progress, left_out: dict[str, str]) -> Inspected:
    """Read everything as the draft says. What is open is taken as UTC and no country, which the caller says."""
    if set(draft.open) - {"country", "time_zone"}:
        return Inspected(draft, None, left_out)
    values = draft.values()
    try:
        shop = Shop.model_validate({**values, "country": draft.country or "AQ", "time_zone": draft.time_zone or "UTC"})
    except ValidationError as error:
        return Inspected(draft, None, left_out, str(error.errors()[0]["msg"]))
    shop = shop.model_copy(update={"country": draft.country or "", "folder": Path.cwd()})
    try:
        report = _reported(shop, sources, progress)
    except InvalidInput as error:
        return Inspected(draft, None, left_out, str(error))
    barred = set(report.barred)
    for kind, columns in draft.facts.items():
        draft.facts[kind] = [column for column in columns if column not in barred]
    reasons = {finding.barred: finding.text for finding in report.findings if finding.barred in shop_facts(shop)}
    return Inspected(draft, report, {**left_out, **{str(column): text for column, text in reasons.items()}})


def shop_facts(shop: Shop) -> tuple[str, ...]:
    """The columns that a shop file declares as facts."""
    return (*shop.facts.numeric, *shop.facts.category)


def _reported(shop: Shop, sources: Sources, progress: Progress) -> OrdersReport:
    with TemporaryDirectory(prefix="inspect-") as folder:
        return build(shop, sources, Path(folder), progress).report


def _olist(source: str, folder: Path) -> Draft:
    shop = olist_shop(folder)
    facts = {"numeric": list(shop.facts.numeric)}
    return Draft(shop.name, shop.country, shop.time_zone, {"source": source}, facts=facts)


def _sources(paths: Sequence[Path], sources: Sources) -> tuple[str, str | None]:
    """The source of orders, and that of deliveries; InvalidInput when the files are more than that."""
    if len(paths) == 1:
        path = paths[0]
        is_olist = path.is_dir() and not missing_files_and_columns(path)
        return (f"{OLIST}{path}" if is_olist else str(path)), None
    tables = [sources.open(str(path), Path()) for path in paths]
    if len(paths) == 2 and tables[0].columns != tables[1].columns:
        return str(paths[0]), str(paths[1])
    raise InvalidInput(
        "several files of the same table are named as one source: put them into a folder and name that, or "
        f'a pattern in quotes, such as "{paths[0].parent}/*{paths[0].suffix}"'
    )


def _head(table: RawTable) -> pl.DataFrame:
    pieces = list(islice(table.pieces(table.columns), 1))
    if not pieces:
        raise UnusableSource(table.name, "holds no row: export the orders again")
    return pieces[0].head(HEAD_ROWS)


def _name(path: Path) -> str:
    name = snake(path.name.partition(".")[0]).replace("_", "-")
    return name or "my-shop"


def _add_deliveries(draft: Draft, second: str, sources: Sources) -> None:
    table = sources.open(second, Path())
    theirs = fields_by_alias(table.columns)
    missing = [name for name in ("order_id", "delivered_timestamp") if name not in theirs]
    if missing:
        raise UnusableSource(table.name, f"no column looks like {' or '.join(missing)}: is it a table of deliveries?")
    draft.orders["deliveries"] = second
    for name in ("delivered_timestamp", "order_id"):
        if theirs[name] != name and (name != "order_id" or theirs[name] != draft.columns.get(name)):
            draft.columns.setdefault(name, theirs[name])


def _take_fullest_purchase(draft: Draft, head: pl.DataFrame) -> None:
    """Every order has a moment of purchase: where the surest column lacks many, the next that has them."""
    like = columns_like("purchase_timestamp", head.columns)
    filled = {column: int(known(head[column], ABSENT).str.contains(r"\d").sum()) for column in like}
    surest = draft.columns.get("purchase_timestamp")
    if surest not in filled:
        return
    fullest = next(column for column in like if filled[column] >= FULL * max(filled.values()))
    if fullest != surest and fullest not in draft.columns.values():
        draft.columns["purchase_timestamp"] = fullest
        draft.remarks["purchase_timestamp"] = f"{surest} has fewer"


def _join_clocks(draft: Draft, head: pl.DataFrame) -> None:
    """A date and the clock that stands in a column beside it are one moment."""
    for name in [name for name in MOMENTS if draft.columns.get(name) in head.columns]:
        column = draft.columns[name]
        clock = clock_beside(name, [each for each in head.columns if each not in draft.columns.values()])
        if clock and not _share(head[column], ":") and _share(head[clock], CLOCK) >= MOSTLY:
            draft.columns[name] = f"{column}{PLUS}{clock}"


def _share(texts: pl.Series, pattern: str) -> float:
    found = known(texts, ABSENT).drop_nulls().str.contains(pattern)
    return float(found.mean() or 0)  # type: ignore[arg-type]


def _check_countries(draft: Draft, head: pl.DataFrame) -> None:
    """A column of country names is a region; the shop's country is the most frequent origin, else destination."""
    for end in ("origin", "destination"):
        column = draft.columns.get(f"{end}_country")
        if column is None or column not in head.columns:
            continue
        texts = known(head[column], ())
        if country_codes(texts) is None:
            del draft.columns[f"{end}_country"]
            draft.columns.setdefault(f"{end}_region", column)
        elif draft.country is None:
            draft.country = usual_country(texts)
            draft.remarks["country"] = f"the most frequent {column}"


def _look_where_they_lie(draft: Draft, head: pl.DataFrame) -> None:
    """Country and zone of most origins, or destinations, where no column told them."""
    for end in ("origin", "destination"):
        columns = [column for axis in ("lat", "lng") if (column := draft.columns.get(f"{end}_{axis}"))]
        if (draft.country and draft.time_zone) or len(columns) < 2:
            continue
        sign: Decimal = "," if any(decimal_of(head[column]) == "," for column in columns) else "."
        lat, lng = (numbers(known(head[column], ABSENT), sign) for column in columns)
        found = where_most_lie(lat, lng)
        if found is None or draft.country not in (None, found[0]):
            continue
        for key, value in zip(("country", "time_zone"), found, strict=True):
            if getattr(draft, key) is None:
                setattr(draft, key, value)
                draft.remarks[key] = f"where most {end}s lie"


def _complete(draft: Draft) -> None:
    for key, value in {"country": "AQ", "time_zone": "UTC"}.items():
        if getattr(draft, key) is None:
            setattr(draft, key, value)
            draft.remarks[key] = "ASSUMED, nothing in the data says it: write yours"


def _add_missing(draft: Draft, head: pl.DataFrame) -> None:
    """Name the texts that stand for no value where a number or a moment should be."""
    used = {column for name, column in draft.columns.items() if name not in MOMENTS and name not in SPANS}
    found = [
        text for column in head.columns if column not in used for text in placeholders(known(head[column], ABSENT))
    ]
    if found:
        draft.orders["missing"] = sorted(set(found))
        draft.remarks["missing"] = "they stand where a number or a moment should be"


def _add_formats(draft: Draft, table: RawTable) -> None:
    """Write down the formats found out; one in doubt stays to be filled in, and what is no moment loses its field."""
    missing = (*ABSENT, *draft.orders.get("missing", ()))
    for name in [name for name in draft.columns if name in MOMENTS and draft.columns[name] in table.columns]:
        column = draft.columns[name]
        form = format_of(known(piece[column], missing) for piece in table.pieces([column]))
        if isinstance(form, InDoubt):
            draft.formats[name], draft.remarks[name] = "", str(form).partition(": write")[0]
        elif isinstance(form, Unknown):
            del draft.columns[name]
        elif form != "iso":
            draft.formats[name] = form


def _add_shipments(draft: Draft, table: RawTable) -> None:
    column = draft.columns.get("order_id")
    if column is None:
        return
    hashes = [known(piece[column], ABSENT).drop_nulls().hash() for piece in table.pieces([column])]
    ids = pl.concat(hashes)
    repeated = len(ids) - ids.n_unique()
    if repeated:
        draft.orders["shipments"] = "last"
        draft.remarks["shipments"] = f"{repeated:,} rows repeat an order_id: are they shipments of one order?"


def unmapped(draft: Draft) -> tuple[str, ...]:
    """The ends of the way of which no column says anything."""
    if draft.is_joined:
        return ()
    given = {field_of(name) for name in draft.columns}
    return tuple(end for end in ("origin", "destination") if not any(name.startswith(end) for name in given))


def without_coordinates(draft: Draft) -> tuple[str, ...]:
    """The ends of the way of which a postal code is known, and no coordinates."""
    return tuple(
        end
        for end in ("origin", "destination")
        if f"{end}_postal_code" in draft.columns and f"{end}_lat" not in draft.columns
    )
