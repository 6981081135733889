"""Every setting of every package: whatever stands in its variable, it is taken or ends in one line."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
from pydantic import SecretStr

from common.errors import InvalidSettings
from common.settings import SettingsGroup, load

ODD = (
    "nonsense", "-1", "0", "nan", "inf", "1e400", "9" * 30, "true", "[1", '{"a":', "\x7f", "é", "a,b", "://",
    "http://[", "redis://h:none", "postgres://u:p@h:1/d?sslmode=what", "s3://x", "/", "../..", "America", "2018-13-45",
    "x" * 2_000, "%", "${A}",
)  # fmt: skip


def settings_table() -> ModuleType:
    path = Path(__file__).parents[3] / "tools" / "settings_table.py"
    spec = importlib.util.spec_from_file_location("settings_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GROUPS = [group for _, group in settings_table().groups()]


def variables(group: type[SettingsGroup]) -> list[tuple[str, bool]]:
    """Each variable, and whether it is a secret."""
    prefix = str(group.model_config.get("env_prefix") or "")
    return [
        (
            f"{prefix}{name}".upper(),
            any(
                isinstance(kind, type) and issubclass(kind, SecretStr)
                for kind in (field.annotation, *get_args(field.annotation))
            ),
        )
        for name, field in group.model_fields.items()
    ]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_a_value_is_taken_or_ends_in_one_line_that_names_it(
    group: type[SettingsGroup], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, secret in variables(group):
        for value in ODD:
            with monkeypatch.context() as environment:
                environment.setenv(name, value)
                try:
                    load(group)
                except InvalidSettings as error:
                    said = str(error)
                    assert "\n" not in said
                    assert len(said) < 3_000, name
                    assert not secret or len(value) < 8 or value not in said, name


def test_every_secret_is_among_those_that_are_looked_for_in_texts() -> None:
    """See tests/integration/common/test_secrets.py."""
    marked = (Path(__file__).parents[2] / "integration/common/test_secrets.py").read_text()
    secrets = {name for group in GROUPS for name, secret in variables(group) if secret}
    assert {"DATABASE_URL", "OBJECT_STORE_SECRET_KEY"} < secrets
    assert [name for name in sorted(secrets) if f'"{name}"' not in marked] == []
