"""How a column writes its moments, found out from its texts, and refused where they could be read in two ways."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from trainer.sources.orders.moments import SERIALS, moments

DATES = (
    *(form.replace("/", mark) for mark in "/.-" for form in ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y")),
    "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%a %d %b %Y",
)  # fmt: skip
CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", "T%H:%M:%S", ", %H:%M", ", %H:%M:%S", " %H:%M:%S%.f")
FORMATS = tuple(date + clock for date in DATES for clock in CLOCKS)

SAMPLE = 2_000
"""Texts on which formats are tried, spread over a piece."""

READABLE = 0.8
"""Share of a sample that a format must read; what it cannot read then counts as unreadable, row by row."""

DECIDING = 0.05
"""Share of the texts that must have one reading only. With days up to 31, three in five have; far fewer are errors."""


@dataclass(frozen=True)
class InDoubt:
    """Two readings and an example; the rows that decide (header: row 1) by the reading that they rule in."""

    readings: tuple[str, str]
    example: str
    deciding: tuple[tuple[int, str, str], ...] = ()

    def __str__(self) -> str:
        first, second = self.readings
        decide = ", ".join(f"row {row} {text!r} only as {form}" for row, text, form in self.deciding)
        return (
            f"{self.example!r} can be read as {first} and as {second}, and "
            + (f"rows disagree or too few decide ({decide})" if decide else "no row decides")
            + f': write it under [orders.formats], e.g. "{first}"'
        )


@dataclass(frozen=True)
class Unknown:
    """No format reads the column."""

    example: str

    def __str__(self) -> str:
        return f'{self.example!r} is no date known here: write its format under [orders.formats], e.g. "%d/%m/%Y"'


def format_of(pieces: Iterable[pl.Series]) -> str | InDoubt | Unknown:
    """The format of a column; its later pieces are looked at only while two readings fit. `iso` if all are empty."""
    candidates: tuple[str, ...] = ()
    evidence: list[_Evidence] = []
    row, example = 2, ""
    for texts in pieces:
        known = texts.drop_nulls()
        if not candidates and len(known):
            sample = known.gather_every(max(1, len(known) // SAMPLE)).head(SAMPLE)
            example = str(sample[0])
            candidates = _fitting(sample)
            if not candidates:
                return Unknown(example)
            if len(candidates) == 1:
                return candidates[0]
        if candidates:
            evidence.append(_Evidence.of(texts, candidates[0], candidates[1], row))
            if (decided := _decided(evidence, candidates)) and evidence[-1].rows >= SAMPLE:
                return decided
        row += len(texts)
    if not candidates:
        return "iso"
    return _decided(evidence, candidates) or _in_doubt(evidence, candidates)


def _fitting(sample: pl.Series) -> tuple[str, ...]:
    """The best format of a sample, or the two that differ in day and month; together they read nearly all of it."""
    for form in (*_numeric(sample), "iso"):
        if _read(sample, form).mean() >= READABLE:  # type: ignore[operator]
            return (form,)
    few = sample.gather_every(max(1, len(sample) // 100))
    readable = {form: _read(sample, form) for form in FORMATS if _read(few, form).any()}
    best: tuple[int, tuple[str, ...]] = (0, ())
    for form, read in readable.items():
        other = _swapped(form)
        pair = (form, other) if other != form and other in readable else (form,)
        count = int((read | readable[pair[-1]]).sum())
        if count > best[0]:
            best = (count, pair)
    return best[1] if best[0] >= READABLE * len(sample) else ()


def _numeric(sample: pl.Series) -> Sequence[str]:
    number = sample.cast(pl.Float64, strict=False)
    if number.null_count() > (1 - READABLE) * len(sample):
        return ()
    middle = float(number.median() or 0)  # type: ignore[arg-type]
    if SERIALS[0] <= middle <= SERIALS[1]:
        return ("excel",)
    return ("unix",) if 9e8 < middle < 4.2e9 else ("unix-ms",) if 9e11 < middle < 4.2e12 else ()


def _read(texts: pl.Series, form: str) -> pl.Series:
    return moments(texts, form, "UTC").is_not_null()


def _swapped(form: str) -> str:
    return form.translate(str.maketrans("dm", "md")) if "%d" in form and "%m" in form and "%Y%m" not in form else form


@dataclass(frozen=True)
class _Evidence:
    """Of one piece: texts that can be read, and those with one reading only, with the first of them."""

    rows: int
    first_only: int
    second_only: int
    examples: tuple[tuple[int, str, str], ...]
    both: str | None

    @classmethod
    def of(cls, texts: pl.Series, first: str, second: str, row: int) -> "_Evidence":
        as_first, as_second = _read(texts, first), _read(texts, second)
        only_first, only_second, both = as_first & ~as_second, as_second & ~as_first, as_first & as_second
        examples = [
            (row + int(position), str(texts[int(position)]), form)
            for which, form in ((only_first, first), (only_second, second))
            for position in which.arg_true().head(2)
        ]
        shown = texts.filter(both).head(1).to_list()
        rows = int((as_first | as_second).sum())
        return cls(rows, int(only_first.sum()), int(only_second.sum()), tuple(examples), shown[0] if shown else None)


def _decided(evidence: Sequence[_Evidence], candidates: tuple[str, ...]) -> str | None:
    rows = sum(part.rows for part in evidence)
    counts = [sum(part.first_only for part in evidence), sum(part.second_only for part in evidence)]
    for count, other, form in zip(counts, reversed(counts), candidates, strict=True):
        if other == 0 and count > 0 and count >= DECIDING * rows:
            return form
    return None


def _in_doubt(evidence: Sequence[_Evidence], candidates: tuple[str, ...]) -> InDoubt:
    by_reading: dict[str, list[tuple[int, str, str]]] = {}
    for part in evidence:
        for example in part.examples:
            by_reading.setdefault(example[2], []).append(example)
    deciding = tuple(example for examples in by_reading.values() for example in examples[:2])
    shown = next((part.both for part in evidence if part.both), deciding[0][1] if deciding else "")
    return InDoubt((candidates[0], candidates[1]), shown, deciding)
