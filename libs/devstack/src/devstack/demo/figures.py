"""What the demo made, as rows of a table: for the terminal and for the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PROMISE = "mae_of_shops_promise"
UNITS = {"days": 1, "hours": 24, "minutes": 1_440, "seconds": 86_400}


@dataclass(frozen=True)
class Week:
    """A week of monitoring: its last day, and errors in days where they are known."""

    end: str
    mae: float | None
    baseline_mae: float | None


@dataclass
class Figures:
    """Filled step by step. distribution: days with the share of such orders that has arrived by then."""

    orders: int = 0
    trial: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    backtest: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    distribution: Sequence[tuple[float, float]] = ()
    rows_scored: int = 0
    output_uri: str = ""
    weeks: Sequence[Week] = ()

    def rows(self) -> Iterator[tuple[str, str]]:
        """A name and what there is to say, each in a line."""
        yield "orders prepared", f"{self.orders:,}"
        params = ", ".join(f"{name} {_plain(value)}" for name, value in self.trial.items() if name != "mae")
        yield "best trial", f"mean error {_days(self.trial['mae'])} ({params})"
        yield "model", f"version {self.version} is champion"
        yield (
            "its newest weeks",
            "mean error " + ", ".join(f"{who} {days}" for who, days in errors(self.metrics).items()),
        )
        if self.backtest:
            yield from _backtest(self.backtest)
        answer = self.answer
        bounds = f"{_days(answer['lower_days'])} to {_days(answer['upper_days'])}"
        yield "one order", f"{_days(answer['delivery_time_days'])}, nine of ten {bounds}: on {answer['delivery_date']}"
        yield "batch file", f"{self.rows_scored:,} rows in {self.output_uri}"
        yield "monitoring", f"{len(self.weeks)} weeks of history measured"


def errors(metrics: Mapping[str, float]) -> dict[str, str]:
    """Mean absolute errors on the newest holdout, which the model had not seen: its own, and what it has to beat.

    The shop's promise is not among them: it is meant to be late-proof, so its error says nothing against it.
    """
    rivals = {name: days for name, days in metrics.items() if name.startswith("mae_of_") and name != PROMISE}
    every = {"delivery-time": metrics["mae"]} | {
        name.removeprefix("mae_of_").replace("_", " "): days for name, days in rivals.items()
    }
    unit, per_day = unit_of(max(every.values()))
    return {name: f"{days * per_day:.2f} {unit}" for name, days in every.items()}


def unit_of(days: float) -> tuple[str, int]:
    """The largest unit of which so many days are one or more, and how many of it are a day."""
    return next(((unit, per_day) for unit, per_day in UNITS.items() if days * per_day >= 1), ("seconds", 86_400))


def _backtest(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    months = values["months"]
    ratios = [
        f"{values[name]:.2f} x {whose}"
        for name, whose in (("mae_vs_median", "one median's"), ("mae_ratio", "the plain model's on three facts"))
        if values[name] is not None
    ]
    span = f"{months[0]['month']} to {months[-1]['month']}"
    yield "judged forward", f"{span}: mean error {_days(values['mae'])}, {', '.join(ratios)}"
    yield "90 % interval", f"{values['coverage']:.1%} inside it, {_days(values['mean_width_days'])} wide on average"
    if values["promise_days_vs_olist"] is not None:
        shorter = -values["promise_days_vs_olist"]
        kept = f"{values['on_time_share']:.1%} of them kept, of the shop's {values['olist_on_time_share']:.1%}"
        word = "shorter" if shorter >= 0 else "longer"
        yield "promises", f"{_days(abs(shorter))} {word} than the shop's own, {kept}"


def _days(days: float) -> str:
    unit, per_day = unit_of(abs(days) or 1)
    return f"{days * per_day:.2f} {unit}"


def _plain(value: object) -> str:
    try:
        return f"{float(str(value)):.4g}"
    except ValueError:
        return str(value)
