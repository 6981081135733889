"""Settings of the trainer."""

import re

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup


class TrainerSettings(SettingsGroup):
    """How a retraining searches, and by what its models are known."""

    model_config = SettingsConfigDict(env_prefix="TRAINER_")

    trials: int = Field(15, ge=1, description="trials of the search that a retraining runs")
    lease_seconds: float = Field(
        180, gt=0, description="how long a trainer may be silent before its retraining is given to another"
    )
    signing_key: SecretStr | None = Field(
        None,
        description="private key by which models are signed (`trainer signing-key` makes one); the trainer's alone",
    )

    @field_validator("signing_key")
    @classmethod
    def _is_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.fullmatch(r"[0-9a-f]{64}", key.get_secret_value()):
            raise ValueError("must be a private key as `trainer signing-key` prints it: 64 digits and letters a to f")
        return key
