"""`make docs`: write docs/settings.md from the settings classes of all packages; a test compares the two."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from common.settings import SettingsGroup

PACKAGES = ("common", "gateway", "console", "scorer", "monitor", "trainer", "devstack")
TARGET = Path(__file__).parents[1] / "docs/settings.md"
HEAD = """# Settings

Every setting is an environment variable, the same for the embedded stack, Compose and Kubernetes. A value of the wrong
form ends the process with one line that names the variable. An empty one counts as not set; space and line breaks
around a value do not count; several names are separated by commas. Made by `make docs` from the code.
"""


def main() -> None:
    """Write the page."""
    TARGET.write_text(document())


def document() -> str:
    """The whole page."""
    tables = [table(title, group) for title, group in groups()]
    return HEAD + "".join(tables)


def groups() -> Iterator[tuple[str, type[SettingsGroup]]]:
    """Each class of settings once, under the package that it is declared in."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if module.name.endswith("settings"):
                for value in vars(importlib.import_module(module.name)).values():
                    ours = isinstance(value, type) and issubclass(value, SettingsGroup) and value.model_fields
                    if ours and value.__module__ == module.name:
                        yield package, value


def table(package: str, group: type[SettingsGroup]) -> str:
    """One group: its purpose, and a line for each variable."""
    prefix = str(group.model_config.get("env_prefix") or "")
    lines = [
        f"| `{prefix}{name}`".upper() + f" | {default(field.default, field.is_required())} | {described(field)} |"
        for name, field in group.model_fields.items()
    ]
    title = f"\n## {package}: {(group.__doc__ or '').splitlines()[0].rstrip('.')}\n"
    return "\n".join([title, "| variable | default | meaning |", "|---|---|---|", *lines, ""])


def default(value: object, required: bool) -> str:
    """The default as it would be written."""
    if required:
        return "**required**"
    if value is None or value == frozenset():
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def described(field: object) -> str:
    """The description, with an example where there is one."""
    text = str(getattr(field, "description", "")).replace("|", "\\|")
    examples = getattr(field, "examples", None)
    return f"{text}, e.g. `{examples[0]}`" if examples else text


if __name__ == "__main__":
    main()
