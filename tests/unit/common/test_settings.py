"""Settings name what is missing, and refuse weak secrets outside local mode."""

import pytest

from common.errors import InvalidSettings
from common.settings import DatabaseSettings, ObjectStoreSettings, QueueSettings, RegistrySettings, load


@pytest.fixture(autouse=True)
def _fresh_settings() -> None:
    load.cache_clear()


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
    monkeypatch.setenv("OBJECT_STORE_ALLOWED_BUCKETS", '["archive"]')
    assert load(ObjectStoreSettings).job_buckets == {"orders", "archive"}


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_POLL_SECONDS", "")
    assert RegistrySettings().poll_seconds == 10.0


def test_keys_of_the_object_store_may_be_left_out_on_aws_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OBJECT_STORE_ACCESS_KEY", "OBJECT_STORE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "https://s3.sa-east-1.amazonaws.com")
    assert load(ObjectStoreSettings).access_key is None
    load.cache_clear()
    monkeypatch.setenv("OBJECT_STORE_ENDPOINT", "http://127.0.0.1:8333")
    with pytest.raises(InvalidSettings, match="OBJECT_STORE_ACCESS_KEY"):
        load(ObjectStoreSettings)
