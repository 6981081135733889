"""Where a table lies, as a shop file names it: files, objects under a prefix, a database, or Olist's nine files."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from urllib.parse import quote

OLIST = "olist:"
NOWHERE_YET = "nowhere:"
"""The source of a shop that has no orders yet."""

_OBJECT = re.compile(r"^s3://[^/]+/.+", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w*)\}")
_PASSWORD = re.compile(r"(://[^:/@\s]*:|password=)(?!\$\{\w*\}(?:@|&|$))(?:\S*(?=@)|[^&\s]+)")
_SCHEME = re.compile(r"^(?P<scheme>[a-z][a-z0-9+]*)://", re.IGNORECASE)


class Kind(Enum):
    """What a source's text names."""

    FILES = "files"
    OBJECTS = "objects"
    DATABASE = "database"
    OLIST = "olist"
    NOWHERE_YET = "nowhere"


def kind_of(source: str) -> Kind:
    """The kind of a source, told by its beginning; a variable there holds a database's address."""
    if source.startswith(OLIST):
        return Kind.OLIST
    if source == NOWHERE_YET:
        return Kind.NOWHERE_YET
    if _VARIABLE.match(source):
        return Kind.DATABASE
    scheme = _SCHEME.match(source)
    if scheme is None:
        return Kind.FILES
    return Kind.OBJECTS if scheme["scheme"].lower() == "s3" else Kind.DATABASE


def shown(source: str) -> str:
    """The source as it may be shown: variables by their names, a password that stands in it as ***."""
    return _PASSWORD.sub(r"\1***", source)


def expanded(source: str, environment: Mapping[str, str]) -> str:
    """The source with each `${NAME}` replaced by its value; a secret from here on. KeyError if one is not set.

    Within a database's address a value is percent-encoded, so that a password may hold any letter.
    """
    is_part = kind_of(source) is Kind.DATABASE and not _VARIABLE.match(source)
    return _VARIABLE.sub(lambda part: quote(environment[part[1]], safe="") if is_part else environment[part[1]], source)


def source_problems(source: str, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a source as far as it shows without opening it; relative paths are relative to the folder."""
    unset = [name for name in _VARIABLE.findall(source) if not environment.get(name)]
    if unset:
        yield f"needs the environment variable(s) {', '.join(unset)}, which are not set"
        return
    match kind_of(source):
        case Kind.FILES:
            if not any(matching_paths(expanded(source, environment), folder)):
                yield f"{source} does not exist: name a CSV or Parquet file, a folder or a pattern, seen from {folder}"
        case Kind.OLIST:
            if not olist_folder(expanded(source, environment), folder).is_dir():
                yield f"{source} does not exist: name the folder with Olist's nine files, seen from {folder}"
        case Kind.OBJECTS:
            if not _OBJECT.match(expanded(source, environment)):
                yield f"{source} is not an object's address: write s3://bucket/key, or s3://bucket/prefix/ for many"
        case Kind.DATABASE | Kind.NOWHERE_YET:
            pass


def olist_folder(source: str, folder: Path) -> Path:
    """The folder that `olist:FOLDER` names."""
    return folder / Path(source.removeprefix(OLIST)).expanduser()


def matching_paths(source: str, folder: Path) -> Iterator[Path]:
    """The file, the folder, or what the pattern matches, in order."""
    path = folder / Path(source).expanduser()
    if path.exists():
        yield path
    elif any(letter in source for letter in "*?["):
        anchor = Path(path.anchor)
        yield from sorted(anchor.glob(str(path.relative_to(anchor))))
