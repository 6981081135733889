"""Why rows were not scored, as the command line says it."""

from scorer.commands.reasons import told

RANGE = "customer_lat must be between -90 and 90"
FIRST = [
    {"row": 7, "reason": f"{RANGE} (got 123.4)"},
    {"row": 9, "reason": "the row is not UTF-8 text", "object": "a.csv"},
]


def test_reasons_that_differ_in_the_value_alone_are_one_with_its_first_row() -> None:
    kept = [f"{RANGE} (got 123.4)", "the row is not UTF-8 text", f"{RANGE} (got -99 (degrees))"]
    assert told(kept, FIRST, failed=3) == [
        "why:",
        f"  2 x {RANGE} (got 123.4), e.g. row 7",
        "  1 x the row is not UTF-8 text, e.g. row 9 of a.csv",
    ]


def test_of_many_bad_rows_the_known_ones_are_said_to_be_some() -> None:
    lines = told([name * 3 for name in "aabcd"], [], failed=5_000)
    assert lines[0] == "why, of 5 of them:"
    assert lines[1] == "  2 x aaa"
    assert len(lines) == 5
    assert "the result's column `error`" in lines[-1]


def test_where_every_row_was_scored_there_is_no_reason() -> None:
    assert told([], [], failed=0) == []
