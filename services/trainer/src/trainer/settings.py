"""Settings of the training worker."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup


class TrainerSettings(SettingsGroup):
    """How a retraining searches."""

    model_config = SettingsConfigDict(env_prefix="TRAINER_")

    trials: int = Field(15, ge=1, description="trials of the search that a retraining runs")
    lease_seconds: float = Field(
        180, gt=0, description="how long a trainer may be silent before its retraining is given to another"
    )
