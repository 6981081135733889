"""What a batch job is asked for."""

from dataclasses import dataclass
from typing import Any, Literal

from common.model.answers.further import Further
from common.servers.objects import ObjectAddress

Kind = Literal["predictions", "actuals"]
PREDICTIONS: Kind = "predictions"
ACTUALS: Kind = "actuals"
"""What a job makes of its input: predictions, by the scorer, or words about orders, taken in by the monitor."""


@dataclass(frozen=True)
class Submission:
    """What a job is asked for: parsed addresses, and the key that says which requests are the same one."""

    kind: Kind
    given: ObjectAddress
    wanted: ObjectAddress | None
    overwrite: bool
    idempotency_key: str | None
    further: Further

    @property
    def as_stored(self) -> dict[str, Any]:
        """What its job's row keeps, beside the addresses."""
        shares = list(self.further.on_time_shares)
        return {
            "kind": self.kind,
            "overwrite": self.overwrite,
            "on_time_shares": shares,
            "details": self.further.details,
        }
