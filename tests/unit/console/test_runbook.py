from console.runbook import Runbook


def test_the_runbook_has_a_paragraph_for_a_rule_and_none_for_what_is_no_rule() -> None:
    paragraph = Runbook().about("pace-out-of-range")
    assert paragraph is not None
    assert paragraph.startswith("Deliveries in a region take longer")
    assert "## " not in paragraph
    assert Runbook().about("no-such-rule") is None
