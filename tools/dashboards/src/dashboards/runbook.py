"""The runbook inside Grafana: one text panel per paragraph of docs/runbook.md, so that links need no other site."""

from functools import lru_cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]

UID = "runbook"

DOCUMENT = Path(__file__).parents[4] / "docs" / "runbook.md"


@lru_cache
def paragraphs() -> dict[str, str]:
    """Heading to text, in order."""
    sections = DOCUMENT.read_text().split("\n## ")[1:]
    return {heading: body.strip() for heading, _, body in (section.partition("\n") for section in sections)}


def paragraph_url(heading: str) -> str:
    """Address of a paragraph inside Grafana; ValueError if the runbook has none of that name."""
    return f"/d/{UID}?viewPanel=panel-{list(paragraphs()).index(heading) + 1}"


def text_panels() -> list[Json]:
    """The paragraphs as panels."""
    return [
        {
            "type": "text",
            "title": heading,
            "description": f"From docs/runbook.md, paragraph {heading}",
            "options": {"mode": "markdown", "content": body},
        }
        for heading, body in paragraphs().items()
    ]
