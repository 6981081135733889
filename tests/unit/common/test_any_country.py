"""One country is described where its shop is described, and nowhere else."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
ADAPTERS = ("services/trainer/src/trainer/sources/olist/", "services/trainer/src/trainer/data/synthetic/")
"""Olist's own files, and the generator of orders like them."""

BRAZIL = re.compile(r"[Bb]razil|BRAZIL|Sao_Paulo|\bSTATES\b|ZIP_PREFIXES|[\"']BR[\"']")


def test_nothing_outside_olist_s_adapter_is_about_brazil() -> None:
    sources = (path for folder in ("libs", "services", "tools") for path in (ROOT / folder).rglob("*.py"))
    about = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        if ".venv" not in path.parts and BRAZIL.search(path.read_text(encoding="utf-8"))
    }
    assert {name for name in about if not name.startswith(ADAPTERS)} == set()
