"""Which further columns are worth trying as facts, and which texts of a status column mean that nothing will arrive."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from common.orders.names import OF_THE_TABLE, WISHES
from trainer.sources.orders.formats import Unknown, format_of
from trainer.sources.orders.numbers import decimal_of, numbers
from trainer.sources.orders.reading import ABSENT, known
from trainer.sources.personal import personal, snake

STATUS_NAMES = ("order_status", "status", "delivery_status", "shipment_status", "fulfillment_status", "state_of_order")
_CANCELLED = re.compile(r"cancel|unavailable|void|refund|reject|refus|declin|abandon|fail|return", re.IGNORECASE)
_LOST = re.compile(r"\blost|missing|damaged|destroyed", re.IGNORECASE)

FILLED = 0.5
"""Share of orders that must have a fact."""

DIGITS = 0.3
"""Share of a column's texts with a digit from which it may be one of numbers or moments."""

REPEATED = 0.01
NUMERIC = 0.95
MOST_LEVELS = 1_000
ORDERS_PER_LEVEL = 10
_SPAN = re.compile(
    r"^(?:actual_)?(?:delivery|lead|transit|shipping|fulfil?lment|travel)_(?:time|duration)$|^time_taken$|"
    r"^(?:lieferzeit|laufzeit|tiempo_de_entrega|delai_de_livraison)$"
)
"""Names of how long it took, without a unit."""

_IDENTIFIER = re.compile(r"(?:^|_)(?:id|ids|uuid|number|no|ref|reference|token|url|link|sku)$")


@dataclass(frozen=True)
class Suggested:
    """Facts by kind; why each other column is none."""

    numeric: tuple[str, ...]
    category: tuple[str, ...]
    left_out: dict[str, str]


def placeholders(texts: pl.Series) -> list[str]:
    """Texts that stand for no value in a column of numbers or moments: often repeated, without a digit."""
    filled = texts.drop_nulls()
    has_digit = filled.str.contains(r"\d")
    if not len(filled) or has_digit.sum() < DIGITS * len(filled):
        return []
    others = filled.filter(~has_digit).value_counts(sort=True)
    return others.filter(pl.col("count") >= max(2, REPEATED * len(filled)))[:, 0].head(10).to_list()


def facts(head: pl.DataFrame, columns: Sequence[str], missing: Sequence[str]) -> Suggested:
    """Sort columns that give no field into numbers, categories and the rest, by what stands in the first rows."""
    numeric, category, left_out = [], [], {}
    for column in columns:
        texts = known(head[column], (*ABSENT, *missing))
        reason = _unfit(column, texts) or ("its name is one of ours" if column in (*OF_THE_TABLE, *WISHES) else None)
        if reason:
            left_out[column] = reason
        elif _is_number(texts):
            numeric.append(column)
        elif texts.n_unique() <= max(min(MOST_LEVELS, len(texts) / ORDERS_PER_LEVEL), 10):
            category.append(column)
        else:
            left_out[column] = f"{texts.n_unique():,} different texts in {len(texts):,} rows"
    return Suggested(tuple(numeric), tuple(category), left_out)


def statuses(head: pl.DataFrame, columns: Sequence[str]) -> tuple[str, list[str], list[str]] | None:
    """The status column, and its texts for cancelled and lost; None without such a column or text."""
    for column in columns:
        if snake(column) in STATUS_NAMES:
            texts = sorted(known(head[column], ABSENT).drop_nulls().unique().to_list())
            lost = [text for text in texts if _LOST.search(text)]
            cancelled = [text for text in texts if _CANCELLED.search(text) and text not in lost]
            if len(texts) <= MOST_LEVELS and (cancelled or lost):
                return column, cancelled, lost
    return None


def _unfit(column: str, texts: pl.Series) -> str | None:
    filled = texts.drop_nulls()
    if reason := personal(column, texts):
        return f"looks personal ({reason})"
    if _SPAN.search(snake(column)):
        return "how long it took? Then it is delivered_days, delivered_hours or delivered_minutes"
    if snake(column) in STATUS_NAMES:
        return "a status, which changes after the purchase"
    if len(filled) < FILLED * max(len(texts), 1):
        return f"empty in {1 - len(filled) / max(len(texts), 1):.0%} of the rows"
    if filled.n_unique() == 1:
        return "one value in all rows"
    if _IDENTIFIER.search(snake(column)) and filled.n_unique() > MOST_LEVELS:
        return "an identifier"
    if not _is_number(texts) and not isinstance(format_of([filled.head(2_000)]), Unknown):
        return "a moment: is it known at the purchase?"
    return None


def _is_number(texts: pl.Series) -> bool:
    decimal = decimal_of(texts)
    if decimal == "both":
        return False
    filled = texts.drop_nulls()
    return len(filled) > 0 and numbers(filled, decimal or ",").count() >= NUMERIC * len(filled)
