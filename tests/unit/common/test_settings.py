"""Settings name what is missing, and refuse weak secrets outside local mode."""

import pytest
from pydantic_settings import SettingsConfigDict
from sqlalchemy import create_engine

from common.addresses import SecretAddress
from common.errors import InvalidSettings
from common.settings import (
    DatabaseSettings,
    ModeSettings,
    ObjectStoreSettings,
    QueueSettings,
    RegistrySettings,
    SettingsGroup,
    load,
)


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(InvalidSettings, match="DATABASE_URL"):
        load(DatabaseSettings)


@pytest.mark.parametrize("password", ["", "postgres", "Password"])
def test_production_refuses_a_well_known_password(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("MODE", "production")
    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg2://shop:{password}@db:5432/shop")
    with pytest.raises(InvalidSettings, match="well-known"):
        load(DatabaseSettings)


def test_production_refuses_a_queue_without_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "production")
    monkeypatch.setenv("QUEUE_URL", "redis://queue:6379/0")
    with pytest.raises(InvalidSettings, match="QUEUE_URL"):
        load(QueueSettings)


def test_local_mode_takes_any_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "local")
    monkeypatch.setenv("QUEUE_URL", "redis://queue:6379/0")
    assert load(QueueSettings).url.get_secret_value() == "redis://queue:6379/0"


def test_a_refused_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "production")
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://store")
    monkeypatch.setenv("OBJECT_STORE_ACCESS_KEY", "shop")
    monkeypatch.setenv("OBJECT_STORE_SECRET_KEY", "minioadmin")
    with pytest.raises(InvalidSettings) as refusal:
        load(ObjectStoreSettings)
    assert "minioadmin" not in str(refusal.value)


def test_jobs_may_use_the_batch_bucket_and_the_listed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://store")
    monkeypatch.setenv("OBJECT_STORE_ACCESS_KEY", "shop")
    monkeypatch.setenv("OBJECT_STORE_SECRET_KEY", "s3cret-of-the-shop")
    monkeypatch.setenv("OBJECT_STORE_BUCKET", "orders")
    for written in ('["archive", "exports"]', "archive,exports", " archive , exports,\n"):
        monkeypatch.setenv("OBJECT_STORE_ALLOWED_BUCKETS", written)
        assert load(ObjectStoreSettings).job_buckets == {"orders", "archive", "exports"}


@pytest.mark.parametrize("written", ["s3://archive", "archive exports", "archive/2018,exports"])
def test_what_is_no_name_of_a_bucket_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OBJECT_STORE_ALLOWED_BUCKETS", written)
    with pytest.raises(InvalidSettings, match="OBJECT_STORE_ALLOWED_BUCKETS: must be names of buckets alone"):
        load(ObjectStoreSettings)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_POLL_SECONDS", "")
    assert RegistrySettings().poll_seconds == 10.0


def test_keys_of_the_object_store_may_be_left_out_on_aws_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OBJECT_STORE_ACCESS_KEY", "OBJECT_STORE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "https://s3.sa-east-1.amazonaws.com")
    assert load(ObjectStoreSettings).access_key is None
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://127.0.0.1:8333")
    with pytest.raises(InvalidSettings, match="OBJECT_STORE_ACCESS_KEY"):
        load(ObjectStoreSettings)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_database_may_be_named_as_its_providers_name_it(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://shop:s3cret@db:5432/shop?sslmode=require\n")
    url = load(DatabaseSettings).url.get_secret_value()
    assert url == "postgresql+psycopg2://shop:s3cret@db:5432/shop?sslmode=require"
    assert create_engine(url).url.password == "s3cret"


@pytest.mark.parametrize("around", ['"{}"', "'{}'", "{}\r\n", "\ufeff{}", '  "{}" \n'])
def test_what_env_files_leave_around_a_value_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    monkeypatch.setenv("DATABASE_URL", around.format("POSTGRES://shop:s3cret@db:5432/shop"))
    monkeypatch.setenv("QUEUE_URL", around.format("Valkeys://:s3cret@queue:6379/1?ssl_cert_reqs=none"))
    assert load(DatabaseSettings).url.get_secret_value() == "postgresql+psycopg2://shop:s3cret@db:5432/shop"
    assert load(QueueSettings).url.get_secret_value() == "rediss://:s3cret@queue:6379/1?ssl_cert_reqs=none"


@pytest.mark.parametrize(
    ("group", "variable", "value"),
    [
        (QueueSettings, "QUEUE_URL", "redis://:hidden@queue:6379/main"),
        (QueueSettings, "QUEUE_URL", "redis://:hidden@queue:6379/-1"),
        (QueueSettings, "QUEUE_URL", "rediss://:hidden@queue:6379/0?ssl_cert_reqs=CERT_NONE"),
        (QueueSettings, "QUEUE_URL", "redis://:hidden@queue:6379/0?ssl_cert_reqs=none"),
        (QueueSettings, "QUEUE_URL", "redis://:hidden@queue:6379/0?timeout=3"),
        (DatabaseSettings, "DATABASE_URL", "postgresql://shop:hidden@db:5432/shop?sslmode=verify"),
        (DatabaseSettings, "DATABASE_URL", "postgresql://shop:hidden@db:5432/shop?timeout=3"),
        (DatabaseSettings, "DATABASE_URL", "postgresql://shop:hidden@my db:5432/shop"),
        (DatabaseSettings, "DATABASE_URL", "mysql://shop:hidden@db/shop"),
        (DatabaseSettings, "DATABASE_URL", "postgresql://shop:hid/hidden@db:5432/shop"),
        (DatabaseSettings, "DATABASE_URL", "hidden"),
        (QueueSettings, "QUEUE_URL", "http://:hidden@queue:6379"),
        (QueueSettings, "QUEUE_URL", "redis://:hidden@queue:none/0"),
        (RegistrySettings, "REGISTRY_URL", "mlflow:hidden"),
        (RegistrySettings, "REGISTRY_POLL_SECONDS", "often"),
        (ModeSettings, "MODE", "prod"),
    ],
)
def test_a_setting_of_the_wrong_form_is_one_line_with_name_value_and_example(
    monkeypatch: pytest.MonkeyPatch, group: type[SettingsGroup], variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as refusal:
        load(group)
    said = str(refusal.value)
    assert said.startswith(f"settings: {variable}: ")
    assert "\n" not in said
    assert "hidden" not in said
    assert "hidden" in value or f"got {value!r}" in said
    assert (
        "e.g. " in said
        or "must look like" in said
        or "must have" in said
        or "as in redis" in said
        or "should be 'local' or 'production'" in said
    )


def test_an_address_shows_its_server_and_nothing_else() -> None:
    address = SecretAddress("https://user:p%40ss@hooks.example:8443/services/T0/secret?token=secret")
    assert str(address) == f"{address}" == "https://hooks.example:8443"
    assert repr(address) == "SecretAddress('https://hooks.example:8443')"
    assert address.credentials == ("user", "p@ss")
    assert address.without_credentials == "https://hooks.example:8443/services/T0/secret?token=secret"


def test_what_kubernetes_says_of_a_service_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    class GatewaySettings(SettingsGroup):
        model_config = SettingsConfigDict(env_prefix="GATEWAY_")
        port: int = 8090

    monkeypatch.setenv("GATEWAY_PORT", "tcp://10.96.14.7:80")
    assert load(GatewaySettings).port == 8090
    monkeypatch.setenv("GATEWAY_PORT", "9000")
    assert load(GatewaySettings).port == 9000
