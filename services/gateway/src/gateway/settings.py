"""The gateway's settings: environment variables that begin with GATEWAY_."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from common.errors import InvalidSettings
from common.settings import ModeSettings, Names, SettingsGroup

PORTS = {"http": ":80", "https": ":443"}

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's own variable: the folder where the processes of one gateway keep what they share."""


class GatewaySettings(SettingsGroup):
    """Where the gateway listens, whom it answers and how much it takes."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8090, ge=1, le=65_535, description="port to listen on")
    published_on: str = Field(
        "127.0.0.1", description="address on which the port of the gateway's container is published; by Compose"
    )
    keys: Literal["auto", "required", "off"] = Field(
        "auto",
        description="API keys; auto: required, except with MODE=local on a loopback address. "
        "off: only with MODE=local, for a container whose port is published on loopback",
    )
    rate: float = Field(
        500.0,
        gt=0,
        description="requests a second of an owner's keys on average, at all workers",
    )
    burst: float = Field(1_000.0, ge=1, description="requests of an owner's keys at once")
    most_waiting: int = Field(256, ge=1, description="requests in progress in one process; more are answered with 503")
    most_body_bytes: int = Field(
        1_048_576, ge=1_024, description="longest body in bytes, inflated (/actuals: 32 MiB, /delivery_times: 8 MiB)"
    )
    log_capacity: int = Field(50_000, ge=1, description="predictions that may wait in memory for the prediction log")
    shadow_share: float = Field(0.1, ge=0, le=1, description="share of predictions that the challenger makes too")
    keep_alive_seconds: int = Field(
        75, ge=1, description="how long an idle connection is kept: longer than the load balancer in front keeps it"
    )
    path_prefix: str = Field(
        "", pattern=r"^(/[A-Za-z0-9._~-]+)*$", description="path under which a proxy serves the gateway, e.g. /eta"
    )
    trusted_proxies: str = Field(
        "127.0.0.1, ::1",
        description="proxies whose X-Forwarded-For, -Proto, -Host and -Prefix count: addresses or networks, with "
        "commas between them",
    )
    hosts: Names = Field(
        frozenset(),
        description="names by which clients call a gateway without keys, beside addresses and names without a dot",
    )
    cors_origins: Names = Field(frozenset(), description="origins whose pages may call the gateway")

    @field_validator("path_prefix", mode="before")
    @classmethod
    def _without_slash(cls, prefix: str) -> str:
        return prefix.rstrip("/")

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, hosts: frozenset[str]) -> frozenset[str]:
        for host in sorted(hosts):
            if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
                raise ValueError(f"must be names such as shop.example, without scheme, port or path (got {host!r})")
        return hosts

    @field_validator("cors_origins")
    @classmethod
    def _as_browsers_send_them(cls, origins: frozenset[str]) -> frozenset[str]:
        return frozenset(map(_origin, origins))

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, text: str) -> str:
        _networks(text)
        return text

    @property
    def trusted_networks(self) -> list[IPv4Network | IPv6Network]:
        """`trusted_proxies`, parsed."""
        return _networks(self.trusted_proxies)


def keys_required(settings: GatewaySettings, mode: ModeSettings) -> bool:
    """Whether clients need an API key; InvalidSettings if they were switched off outside local mode."""
    if settings.keys == "off" and mode.mode != "local":
        raise InvalidSettings({"gateway_keys": f"off is for MODE=local only (MODE is {mode.mode})"})
    if settings.keys == "off" and not _is_loopback(settings.published_on):
        raise InvalidSettings(
            {"gateway_keys": f"off is for a port on loopback only (it is published on {settings.published_on})"}
        )
    if settings.keys == "auto":
        return mode.mode != "local" or not _is_loopback(settings.host)
    return settings.keys == "required"


def _origin(text: str) -> str:
    """An origin in small letters, without the slash at its end and the port that its scheme has anyway."""
    found = re.fullmatch(r"(https?)://([^/:@\s]+|\[[0-9a-f:]+\])(:[0-9]+)?/?", text.lower())
    if text == "*":
        return text
    if found is None:
        raise ValueError("must look like https://shop.example, without a path; or * for the pages of all")
    scheme, host, port = found.groups(default="")
    return f"{scheme}://{host}{'' if port == PORTS[scheme] else port}"


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    try:
        return [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ValueError("must be addresses or networks, such as 10.0.0.0/8, with commas between them") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
