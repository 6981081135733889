"""What an alert is: a check that looks at the system and says which alerts should open or close."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from sqlalchemy import ColumnElement, and_, select, text
from sqlalchemy.orm import Session

from common.database.alerts import Change, Finding, Severity, not_closed
from common.database.present import present
from common.database.tables import Alert, ModelMetrics
from monitor.pace.live_pace import MeasuredPace
from monitor.windows.live import SOURCE

LOOK_BACK = timedelta(days=60)
NEWEST_WINDOWS = 6
"""Rules see the windows of LOOK_BACK, and of longer ones so many more."""


class Situation:
    """The system at one moment, as checks see it; what several of them need is read once."""

    def __init__(
        self,
        session: Session,
        now: datetime,
        window_length: timedelta,
        silence: timedelta,
        pace: MeasuredPace | None = None,
    ) -> None:
        """window_length: of live windows. silence: the shortest that counts. pace: if it was measured just now."""
        self.session = session
        self.now = now
        self.window_length = window_length
        self.silence = silence
        self.pace = pace

    @cached_property
    def present(self) -> datetime:
        """As of when windows, pace and errors are looked at: now, or the moment of a replay."""
        return present(self.session)

    @cached_property
    def version(self) -> str | None:
        """The model version that serves: that of the newest live window."""
        return self.session.scalar(
            select(ModelMetrics.model_version)
            .where(self._is_live)
            .order_by(ModelMetrics.window_end.desc(), ModelMetrics.window_start.desc(), ModelMetrics.id.desc())
            .limit(1)
        )

    @cached_property
    def windows(self) -> list[ModelMetrics]:
        """The serving version's live windows, newest first."""
        return list(
            self.session.scalars(
                select(ModelMetrics)
                .where(
                    self._is_live,
                    ModelMetrics.model_version == self.version,
                    ModelMetrics.window_end - ModelMetrics.window_start == self.window_length,
                )
                .order_by(ModelMetrics.window_end.desc())
                .limit(LOOK_BACK // self.window_length + NEWEST_WINDOWS)
            )
        )

    @cached_property
    def alerts(self) -> dict[tuple[str, str], Alert]:
        """Alerts that are not closed, by rule and subject."""
        return not_closed(self.session)

    @property
    def _is_live(self) -> ColumnElement[bool]:
        return and_(ModelMetrics.source == SOURCE, ModelMetrics.window_start < self.present)

    def closed_for_replaced_versions(self, rule: str) -> Iterator[Finding]:
        """Closes the rule's alerts on versions that no longer serve."""
        for name, subject in self.alerts:
            if name == rule and subject != self.version:
                yield Finding(subject, "close", f"version {subject} no longer serves")


class Check(ABC):
    """One kind of alert. An alert opens beyond `opens` and closes within `closes`; between the two it stays as it is.

    name: also of its paragraph in docs/runbook.md. retrains: whether the open alert asks for a retraining.
    """

    name: str
    severity: Severity
    opens: float
    closes: float
    worse: Literal["above", "below"] = "above"
    retrains: bool = False

    @abstractmethod
    def findings(self, situation: Situation) -> Iterator[Finding]:
        """What should happen to this check's alerts, one finding for each subject that can be judged."""

    def beyond(self, value: float) -> bool:
        """Whether the value is bad enough to open."""
        return value > self.opens if self.worse == "above" else value < self.opens

    def within(self, value: float) -> bool:
        """Whether the value is good enough to close."""
        return value <= self.closes if self.worse == "above" else value >= self.closes

    def change(self, value: float) -> Change:
        """What one value does to an alert."""
        return "open" if self.beyond(value) else "close" if self.within(value) else None


@dataclass(frozen=True, kw_only=True)
class QueryCheck(Check):
    """A check of one number that SQL gives; no row, or NULL, cannot be judged.

    query: gives the column `value`; `:now` is the clock's time, `:present` that of windows.present_moment.
    message: formatted with value and limit.
    """

    name: str
    severity: Severity
    subject: str
    query: str
    opens: float
    closes: float
    message: str

    def findings(self, situation: Situation) -> Iterator[Finding]:
        """One finding about the subject."""
        times = {"now": situation.now, "present": situation.present}
        value: float | None = situation.session.scalar(text(self.query), times)
        if value is not None:
            message = self.message.format(value=value, limit=self.opens)
            yield Finding(self.subject, self.change(value), message, value, self.opens)
