"""The console's settings: environment variables that begin with CONSOLE_."""

from ipaddress import ip_address
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from common.errors import InvalidSettings
from common.settings import ModeSettings, Names, SettingsGroup

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones, or too long a name
        raise ValueError(f"{name!r} is not a time zone: write one like Europe/Berlin") from None
    return name


class ConsoleSettings(SettingsGroup):
    """Where the console listens, whom it lets in and which gateway it acts through."""

    model_config = SettingsConfigDict(env_prefix="CONSOLE_")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8091, ge=1, le=65_535, description="port to listen on")
    gateway_url: str = Field("http://127.0.0.1:8090", pattern=r"^https?://", description="address of the gateway")
    gateway_public_url: str | None = Field(
        None, pattern=r"^https?://", description="its address for users, if another: `curl` lines name it"
    )
    keys: Literal["auto", "required", "off"] = Field(
        "auto",
        description="log-in by API key; auto: required, except with MODE=local on a loopback address. "
        "off: only with MODE=local, for a container whose port is published on loopback",
    )
    names: Names = Field(
        frozenset(), description="host names by which browsers reach it without a log-in, besides the loopback ones"
    )
    session_hours: float = Field(12.0, gt=0, description="how long a log-in lasts")
    upload_bytes: int = Field(2**30, ge=1, description="largest file that can be dropped on the page, in bytes")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="zone of the moments shown")


def login_required(settings: ConsoleSettings, mode: ModeSettings) -> bool:
    """Whether visitors need an API key; InvalidSettings if that was switched off outside local mode."""
    if settings.keys == "off" and mode.mode != "local":
        raise InvalidSettings({"console_keys": f"off is for MODE=local only (MODE is {mode.mode})"})
    if settings.keys == "auto":
        return mode.mode != "local" or not _is_loopback(settings.host)
    return settings.keys == "required"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
