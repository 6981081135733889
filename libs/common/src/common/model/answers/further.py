"""What a result may have beside the columns of every result: where its job, or a column of its input, asks for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from common.errors import UnreadableInput
from common.orders.names import DELIVER_BY, ON_TIME_SHARE, WISHES, spelt

DETAILS = ("delivery_date", "lower_date", "upper_date", "seller_known", "confidence", "reasons")

PROBABILITY: Final = "deliver_by_probability"
PROBABILITY_DECIMALS: Final = 4

GRANTED: Final[Mapping[str, Sequence[str]]] = {
    ON_TIME_SHARE: ("promise", "promise_date"),
    DELIVER_BY: (PROBABILITY,),
}
"""What a column of the input asks for, each row for itself."""


@dataclass(frozen=True)
class Further:
    """on_time_shares: of the promises of every row. details: whether dates and confidence are wanted. wishes: those
    columns of the input by which each row asks for more."""

    on_time_shares: tuple[float, ...] = ()
    details: bool = False
    wishes: tuple[str, ...] = ()

    @classmethod
    def asked(cls, on_time_shares: Iterable[float], details: bool) -> "Further":
        """Each promise once: a column's name says its share to four digits behind the point."""
        return cls(tuple({_column(share): share for share in on_time_shares}.values()), details)

    @classmethod
    def of(cls, job: Any) -> "Further":
        """What a job's row asks for."""
        return cls(tuple(job.on_time_shares or ()), bool(job.details))

    def wished_by(self, names: Iterable[str]) -> "Further":
        """With what the columns of an input ask for, in whatever order they stand."""
        known = set(spelt([*names], WISHES))
        return replace(self, wishes=tuple(name for name in WISHES if name in known))

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order in which they stand behind the others: `promise_90` is that at a share of 0.9."""
        granted = (name for wish in self.wishes for name in GRANTED[wish])
        return (*map(_column, self.on_time_shares), *(DETAILS if self.details else ()), *granted)


NOTHING = Further()


def _column(share: float) -> str:
    return f"promise_{100 * share:g}"


def refuse_taken(further: Further, names: Sequence[str], where: str) -> None:
    """UnreadableInput if an input's columns have names of further ones."""
    if taken := [name for name in names if name in further.columns]:
        raise UnreadableInput(where, f"already has column(s) {', '.join(taken)}, which the result adds: rename them")
