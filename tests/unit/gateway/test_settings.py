import pytest

from common.errors import InvalidSettings
from common.settings import ModeSettings
from gateway.settings import GatewaySettings, keys_required


@pytest.mark.parametrize(
    ("mode", "host", "keys", "required"),
    [
        ("local", "127.0.0.1", "auto", False),
        ("local", "::1", "auto", False),
        ("local", "localhost", "auto", False),
        ("local", "0.0.0.0", "auto", True),  # noqa: S104
        ("local", "gateway.internal", "auto", True),
        ("local", "0.0.0.0", "off", False),  # noqa: S104
        ("local", "127.0.0.1", "required", True),
        ("production", "127.0.0.1", "auto", True),
    ],
)
def test_keys_are_required_wherever_others_could_reach_the_gateway(
    mode: str, host: str, keys: str, required: bool
) -> None:
    settings = GatewaySettings.model_validate({"host": host, "keys": keys})
    assert keys_required(settings, ModeSettings.model_validate({"mode": mode})) is required


def test_production_refuses_to_serve_without_keys() -> None:
    with pytest.raises(InvalidSettings, match=r"GATEWAY_KEYS: off is for MODE=local only \(MODE is production\)"):
        keys_required(GatewaySettings(keys="off"), ModeSettings(mode="production"))


def test_a_port_that_is_published_beyond_loopback_wants_keys() -> None:
    with pytest.raises(InvalidSettings, match=r"published on 0\.0\.0\.0"):
        keys_required(GatewaySettings(keys="off", published_on="0.0.0.0"), ModeSettings())  # noqa: S104
    assert not keys_required(GatewaySettings(keys="off", published_on="127.0.0.1"), ModeSettings())
    assert keys_required(GatewaySettings(keys="required", published_on="0.0.0.0"), ModeSettings())  # noqa: S104


def test_origins_are_compared_as_browsers_send_them() -> None:
    written = "https://Shop.example/, http://localhost:3000, https://shop.example:443, http://[::1]:5173, *"
    assert GatewaySettings.model_validate({"cors_origins": written}).cors_origins == {
        "https://shop.example", "http://localhost:3000", "http://[::1]:5173", "*"
    }  # fmt: skip


@pytest.mark.parametrize(
    "origin", ["shop.example", "https://shop.example/app", "https://a@b", "https://*.shop.example/x"]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match=r"must look like https://shop.example, without a path"):
        GatewaySettings.model_validate({"cors_origins": origin})


def test_a_prefix_may_end_in_a_slash() -> None:
    prefixes = [GatewaySettings.model_validate({"path_prefix": text}).path_prefix for text in ("/eta/", "/", "/a/b")]
    assert prefixes == ["/eta", "", "/a/b"]


def test_hosts_are_names() -> None:
    with pytest.raises(ValueError, match=r"must be names such as shop.example, .* \(got 'https://a/'\)"):
        GatewaySettings.model_validate({"hosts": "shop.example, https://a/"})
