import re
from pathlib import Path

from console.runbook import Runbook

RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook.md"


def test_the_runbook_has_a_paragraph_for_a_rule_and_none_for_what_is_no_rule() -> None:
    paragraph = Runbook().about("pace-out-of-range")
    assert paragraph is not None
    assert paragraph.startswith("Deliveries in a region take longer")
    assert "## " not in paragraph
    assert Runbook().about("no-such-rule") is None


def test_every_paragraph_has_a_command_for_whoever_has_no_grafana() -> None:
    parts = RUNBOOK.read_text().split("\n## ")[1:]
    without = [part.partition("\n")[0] for part in parts if not re.search(r"`(monitor|scorer|make|curl|date) ", part)]
    assert without == []
