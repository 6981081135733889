"""The gateway's settings: environment variables that begin with GATEWAY_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import SettingsGroup


class GatewaySettings(SettingsGroup):
    """Where the gateway listens."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8090, ge=1, le=65_535, description="port to listen on")
    log_capacity: int = Field(50_000, ge=1, description="predictions that may wait in memory for the prediction log")
