"""Reading a shop file: every problem of it in one error, each with the way out."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from common.orders.shop.errors import InvalidShop, nearest
from common.orders.shop.sections import Shop
from common.orders.shop.source import source_problems

SOURCES = (("orders", "source"), ("orders", "deliveries"), ("places", "source"))
"""Where a file names a table that must exist."""


def read_shop(path: Path, environment: Mapping[str, str] | None = None) -> Shop:
    """Read and check a shop file. InvalidShop names all that is wrong with it, and never a secret."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidShop(
            path, ["the file does not exist: `trainer inspect FILE --out shop.toml` drafts one"]
        ) from None
    except UnicodeDecodeError:
        raise InvalidShop(path, ["it is not UTF-8 text: save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidShop(path, [f"it is not TOML: {error}"]) from None
    folder = path.resolve().parent
    problems = list(_missing_sources(content, folder, os.environ if environment is None else environment))
    try:
        shop = Shop.model_validate({name: value for name, value in content.items() if name != "folder"})
    except ValidationError as error:
        problems = [*map(_line, error.errors(include_url=False)), *problems]
        shop = None
    if "folder" in content:
        problems.append("folder: unknown key: remove it")
    if problems or shop is None:
        raise InvalidShop(path, problems)
    return shop.model_copy(update={"folder": folder})


def _missing_sources(content: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    for section, key in SOURCES:
        table = content.get(section)
        source = table.get(key) if isinstance(table, dict) else None
        if isinstance(source, str) and source:
            yield from (f"{section}.{key}: {problem}" for problem in source_problems(source, folder, environment))


def _line(error: ErrorDetails) -> str:
    where = [str(part) for part in error["loc"]]
    name = ".".join(where)
    match error["type"]:
        case "extra_forbidden":
            known = _keys_at(where[:-1])
            return f"{name}: unknown key{nearest(where[-1], known)} (known: {', '.join(known)})"
        case "missing":
            return f"{name}: is missing: {EXAMPLES.get(name, f'add {where[-1]}')}"
        case "value_error":
            return f"{name}: {error['ctx']['error']}" if name else str(error["ctx"]["error"])
        case "literal_error":
            return f"{name}: must be {error['ctx']['expected']} (got {error['input']!r})"
        case "string_pattern_mismatch":
            return f"{name}: must be letters, digits, _ and -, up to 64 (got {error['input']!r})"
    return f"{name}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _keys_at(where: list[str]) -> list[str]:
    section: type[BaseModel] = Shop
    for part in where:
        if part.isdigit():  # a line of a list of tables
            continue
        kinds = (section.model_fields[part].annotation, *get_args(section.model_fields[part].annotation))
        section = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [name for name in section.model_fields if name != "folder"]


EXAMPLES = {
    "name": 'write name = "my-shop"',
    "country": 'write country = "DE", the ISO code of the country the shop is in',
    "time_zone": 'write time_zone = "Europe/Berlin", the clock of moments without a zone',
    "orders": 'write [orders] and below it source = "orders.csv"',
    "orders.source": 'write source = "orders.csv"',
}
