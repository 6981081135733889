"""What a result may have beside the columns of every result, where its job asks for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from common.errors import UnreadableInput

DETAILS = ("delivery_date", "lower_date", "upper_date", "seller_known", "confidence", "reasons")


@dataclass(frozen=True)
class Further:
    """on_time_shares: of the promises. details: whether dates and confidence are wanted."""

    on_time_shares: tuple[float, ...] = ()
    details: bool = False

    @classmethod
    def asked(cls, on_time_shares: Iterable[float], details: bool) -> "Further":
        """Each promise once: a column's name says its share to four digits behind the point."""
        return cls(tuple({_column(share): share for share in on_time_shares}.values()), details)

    @classmethod
    def of(cls, job: Any) -> "Further":
        """What a job's row asks for."""
        return cls(tuple(job.on_time_shares or ()), bool(job.details))

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order in which they stand behind the others: `promise_90` is that at a share of 0.9."""
        return (*map(_column, self.on_time_shares), *(DETAILS if self.details else ()))


NOTHING = Further()


def _column(share: float) -> str:
    return f"promise_{100 * share:g}"


def refuse_taken(further: Further, names: Sequence[str], where: str) -> None:
    """UnreadableInput if an input's columns have names of further ones."""
    if taken := [name for name in names if name in further.columns]:
        raise UnreadableInput(where, f"already has column(s) {', '.join(taken)}, which the result adds: rename them")
