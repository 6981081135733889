"""A model is loaded if somebody who is trusted has signed just it."""

import json
from pathlib import Path

import pytest

from common.errors import UntrustedBundle
from common.model.bundle import MANIFEST
from common.servers.registry import Registry
from common.servers.signatures import SIGNATURES, SigningKey, Trust, new_key
from common.settings import RegistrySettings

OURS, NEXT, FOREIGN = SigningKey("01" * 32), SigningKey("02" * 32), SigningKey("03" * 32)
TRUST = Trust(frozenset({OURS.public}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed bundle, as far as signatures look at it."""
    (tmp_path / MANIFEST).write_text(json.dumps({"files": {"model.cbm": "0" * 64}}))
    return tmp_path


def test_what_the_trainer_signed_is_trusted_and_nothing_else(folder: Path) -> None:
    with pytest.raises(UntrustedBundle, match="version 7 is not served: it has no valid signature"):
        TRUST.check(folder, "7")
    FOREIGN.sign(folder)
    with pytest.raises(UntrustedBundle, match=f"signed by {FOREIGN.public[:8]} only"):
        TRUST.check(folder, "7")
    OURS.sign(folder)
    TRUST.check(folder, "7")


def test_a_change_after_the_signature_is_noticed(folder: Path) -> None:
    OURS.sign(folder)
    (folder / MANIFEST).write_text(json.dumps({"files": {"model.cbm": "1" * 64}}))
    with pytest.raises(UntrustedBundle, match="no valid signature"):
        TRUST.check(folder, "7")


def test_a_signature_under_another_name_is_none(folder: Path) -> None:
    FOREIGN.sign(folder)
    signed = folder / SIGNATURES
    signed.write_text(signed.read_text().replace(FOREIGN.public, OURS.public))
    with pytest.raises(UntrustedBundle, match="no valid signature"):
        TRUST.check(folder, "7")


def test_while_keys_change_both_vouch_for_it_each_once(folder: Path) -> None:
    for key in (OURS, NEXT, NEXT):
        key.sign(folder)
    for key in (OURS, NEXT):
        Trust(frozenset({key.public})).check(folder, "7")
    assert len((folder / SIGNATURES).read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe\x00", b"ed25519", b"ed25519 " + b"z" * 64 + b" " + b"0" * 128, b"ed25519 " * 100_000],
    ids=["empty", "binary", "cut off", "no key", "endless"],
)  # fmt: skip
def test_whatever_stands_for_signatures_is_none(folder: Path, text: bytes) -> None:
    (folder / SIGNATURES).write_bytes(text)
    with pytest.raises(UntrustedBundle):
        TRUST.check(folder, "7")


def test_without_a_manifest_there_is_nothing_to_trust(tmp_path: Path) -> None:
    with pytest.raises(UntrustedBundle):
        TRUST.check(tmp_path, "7")


def test_without_keys_everybody_is_trusted(folder: Path) -> None:
    Trust().check(folder, "7")


def test_a_new_key_is_a_new_one() -> None:
    assert SigningKey(new_key()).public != SigningKey(new_key()).public


@pytest.mark.parametrize(
    ("mode", "keys", "said"), [("production", set(), 1), ("production", {"ab" * 32}, 0), ("local", set(), 0)]
)
def test_outside_local_mode_it_is_said_that_any_model_is_loaded(
    mode: str, keys: set[str], said: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MODE", mode)
    Registry(RegistrySettings(url="http://127.0.0.1:9", trusted_keys=keys)).close()
    assert caplog.text.count("REGISTRY_TRUSTED_KEYS is not set") == said
