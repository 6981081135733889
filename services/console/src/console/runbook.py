"""The runbook's paragraphs, by the rule that they are about."""

from functools import cached_property
from importlib.resources import files


class Runbook:
    """docs/runbook.md, which the package carries along."""

    def about(self, rule: str) -> str | None:
        """The Markdown under the heading of a rule; None without one."""
        return self._paragraphs.get(rule)

    @cached_property
    def _paragraphs(self) -> dict[str, str]:
        parts = files("console").joinpath("runbook.md").read_text(encoding="utf-8").split("\n## ")
        return {heading.strip(): body.strip() for heading, _, body in (part.partition("\n") for part in parts[1:])}
