"""By what a shop's source is known to be as it was: reading it again would give the same orders."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, expanded, kind_of, matching_paths, olist_folder
from trainer.sources.raw.open import Sources

CANNOT_TELL = ""


def source_mark(shop: Shop, sources: Sources) -> str:
    """A hash of the shop file and of what its sources' files are; CANNOT_TELL where they are no files of this host."""
    named = (shop.orders.source, shop.orders.deliveries, shop.places.source if shop.places else None)
    digest = hashlib.sha256(shop.model_dump_json().encode())
    for source in filter(None, named):
        if kind_of(source) not in (Kind.FILES, Kind.OLIST):
            return CANNOT_TELL
        for path in _files(source, shop.folder, sources):
            stat = path.stat()
            digest.update(repr((str(path), stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()


def _files(source: str, folder: Path, sources: Sources) -> Iterator[Path]:
    address = expanded(source, sources.environment)
    found = [olist_folder(address, folder)] if kind_of(source) is Kind.OLIST else matching_paths(address, folder)
    for path in found:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (each for each in inside if each.is_file())
