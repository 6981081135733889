"""The monitor's settings."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.addresses import HttpAddress
from common.settings import Names, SettingsGroup

LENGTHS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(days=7)}


class GatewayAddress(SettingsGroup):
    """Where the gateway answers, for `monitor replay`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = Field("127.0.0.1", description="host of the gateway")
    port: int = Field(8090, description="port of the gateway")
    api_key: SecretStr | None = Field(None, description="key sent with every request, if the gateway asks for one")


class PrivacySettings(SettingsGroup):
    """How much of a customer is kept."""

    model_config = SettingsConfigDict(env_prefix="PRIVACY_")

    decimals: int | None = Field(
        None,
        ge=0,
        le=15,
        description="decimals of the coordinates in the prediction log: 2 is about a kilometre; as sent unless set",
    )


class RetentionSettings(SettingsGroup):
    """How long what is kept."""

    model_config = SettingsConfigDict(env_prefix="RETENTION_")

    hot_days: float = Field(
        180, ge=125, description="days that predictions and actuals stay in Postgres; then the object store has them"
    )
    report_days: float = Field(365, gt=0, description="days that Evidently's reports are kept")
    result_days: float = Field(
        90, gt=0, description="days that results of batch jobs are kept whose output_uri nobody had chosen"
    )
    history_days: float = Field(
        30, gt=0, description="days that versions of the history are kept after a newer one, if no model names them"
    )
    bundle_days: float = Field(
        365, gt=0, description="days that model versions are kept that neither serve nor were among the last champions"
    )


class MonitorSettings(SettingsGroup):
    """What the monitor's worker does, and when."""

    model_config = SettingsConfigDict(env_prefix="MONITOR_")

    window: Literal["hourly", "daily", "weekly"] = Field("daily", description="length of live windows")
    measure_seconds: float = Field(300, gt=0, description="how often windows with news are measured")
    alert_seconds: float = Field(60, gt=0, description="how often the alert rules are evaluated")
    pace_seconds: float = Field(3600, gt=0, description="how often the delivery pace is computed")
    at_risk_seconds: float = Field(3600, gt=0, description="how often the orders at risk are looked for")
    at_risk_probability: float = Field(
        0.5, gt=0, le=1, description="an order under way is at risk that misses its promise with this probability"
    )
    silence_minutes: float = Field(60, gt=0, description="no prediction for so long opens an alert")
    growing_owners: Names = Field(
        frozenset(), description="owners of API keys whose part in the delivery pace may grow from one day to the next"
    )
    webhook_url: HttpAddress | None = Field(
        None, description="alerts are posted here as JSON when they open and close, and orders at risk once each"
    )
    retrain: bool = Field(True, description="whether alerts on the model start a retraining")
    retrain_cooldown_hours: float = Field(24, ge=0, description="least time between two retrainings")
    retrain_every_days: float | None = Field(None, gt=0, description="a retraining at least this often, without alert")

    @property
    def window_length(self) -> timedelta:
        """Length of live windows."""
        return LENGTHS[self.window]

    @property
    def silence(self) -> timedelta:
        """The shortest silence that opens an alert."""
        return timedelta(minutes=self.silence_minutes)

    @property
    def retrain_cooldown(self) -> timedelta:
        """Least time between two retrainings."""
        return timedelta(hours=self.retrain_cooldown_hours)

    @property
    def retrain_every(self) -> timedelta | None:
        """Longest time between two retrainings, if there is one."""
        return None if self.retrain_every_days is None else timedelta(days=self.retrain_every_days)
