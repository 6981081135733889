"""What happens when `trainer inspect` runs."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from common.errors import InvalidInput
from common.orders.shop.source import OLIST
from trainer.sources.inspection.draft import Draft
from trainer.sources.inspection.inspect import check, inspect
from trainer.sources.inspection.show import show
from trainer.sources.progress import reading
from trainer.sources.raw.open import Sources


def inspect_files(
    files: Sequence[Path],
    out: Path | None,
    country: str | None,
    zone: str | None,
    sources: Sources,
    console: Console,
    complete: bool = False,
) -> None:
    """Check a shop file, or draft one; InvalidInput when the draft would overwrite a file."""
    if len(files) == 1 and files[0].suffix == ".toml":
        with reading(console) as advance:
            report = check(files[0], sources, advance)
        report.show(console)
        console.print(f"\n{files[0]} fits its data: {report.kept:,} orders", soft_wrap=True, highlight=False)
        return
    if out is not None and out.exists():
        raise InvalidInput(f"{out} exists and is left alone: remove it, or name another file with --out")
    with reading(console) as advance:
        inspected = inspect(files, country, zone, sources, advance, complete)
    if out is not None:
        _look_from(inspected.draft, out.parent)
        out.write_text(inspected.draft.text(), encoding="utf-8")
    show(inspected, out, console)
    if out is not None:
        console.print(f"\ndraft: {out}", soft_wrap=True, highlight=False)


def _look_from(draft: Draft, folder: Path) -> None:
    """Make the draft's relative paths relative to the folder it goes into."""
    for key in ("source", "deliveries"):
        source = draft.orders.get(key)
        if source is None:
            continue
        prefix = OLIST if source.startswith(OLIST) else ""
        path = Path(source.removeprefix(prefix))
        if not path.is_absolute():
            draft.orders[key] = prefix + os.path.relpath(path, folder)
