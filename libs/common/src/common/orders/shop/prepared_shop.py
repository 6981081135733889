"""What is known of a shop once its orders are prepared: trainer and monitor read it beside them."""

from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from common.errors import InvalidInput
from common.orders.shop.declared import Declared
from common.orders.shop.sections import Facts, Weekday

NAME = "shop.json"


class PreparedShop(BaseModel):
    """country: ISO alpha-2. facts: those that may be an input of a model. as_of: when the data was taken, in UTC.

    promise_barred: the promise was revised after the purchase, so it is a baseline and no input. synthetic: the orders
    are made up. weekend: as the shop file names it, None for the country's. declared: its days before it had orders.
    promise_share: that [promise] asks for.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    country: str
    time_zone: str
    weekend: tuple[Weekday, ...] | None
    facts: Facts
    promise_barred: bool
    as_of: AwareDatetime
    synthetic: bool
    declared: Declared | None = None
    promise_share: float | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The shop's clock."""
        return ZoneInfo(self.time_zone)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The shop of a prepared folder; InvalidInput says to prepare it."""
        path = folder / NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise InvalidInput(f"{path} does not exist: run `make prepare-data` first") from None
        except ValidationError:
            raise InvalidInput(f"{path} is not what `make prepare-data` writes: run it again") from None

    def write(self, folder: Path) -> None:
        """Write it into a folder of prepared orders."""
        (folder / NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
