"""One country is described where its shop is described, and nowhere else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ADAPTERS = (
    "services/trainer/src/trainer/sources/olist/",
    "services/trainer/src/trainer/data/synthetic/",
    "libs/common/src/common/model/bundle_format_4.py",
)
"""Olist's own files, the generator of orders like them, and the reader of bundles from when there were no others."""

BRAZIL = re.compile(r"[Bb]razil|BRAZIL|Sao_Paulo|\bSTATES\b|ZIP_PREFIXES|[\"']BR[\"']")


def test_nothing_outside_olist_s_adapter_is_about_brazil() -> None:
    sources = (path for folder in ("libs", "services", "tools") for path in (ROOT / folder).rglob("*.py"))
    about = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if ".venv" not in path.parts and BRAZIL.search(path.read_text(encoding="utf-8"))
    }
    assert {name for name in about if not name.startswith(ADAPTERS)} == set()
