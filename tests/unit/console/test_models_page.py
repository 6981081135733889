"""Who may move the champion from a page, and what is kept of it."""

import asyncio
from typing import Any, cast

import pytest

from common.errors import InvalidInput
from console.access.sessions import Sessions
from console.access.visitor import LOCAL, Forbidden, Visitor
from console.frame.acting import line
from console.frame.shell import Shell
from console.frame.words import Words
from console.pages.models import ModelsPage

UNUSED = cast(Any, None)
READER = Visitor("ann", frozenset({"read", "jobs", "predict"}))


class Moves:
    """Stands for Promotion: keeps what it is asked for."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, ...]] = []

    def promote(self, *asked: str) -> None:
        self.kept.append(asked)

    def rollback(self, *asked: str) -> str:
        self.kept.append(asked)
        return "1"


@pytest.fixture
def moves() -> Moves:
    return Moves()


@pytest.fixture
def page(moves: Moves) -> ModelsPage:
    sessions = Sessions(UNUSED, hours=1, required=False)
    sessions.holds = lambda _: True  # type: ignore[method-assign]
    return ModelsPage(Shell(UNUSED, sessions, Words("UTC")), UNUSED, UNUSED, cast(Any, moves))


def test_a_move_is_kept_with_the_key_s_name_and_the_reason(page: ModelsPage, moves: Moves) -> None:
    assert asyncio.run(page.promote(LOCAL, "3", "better in the north")) == "3"
    assert asyncio.run(page.roll_back(LOCAL, "promises too much")) == "1"
    assert moves.kept == [("3", "better in the north", "local"), ("promises too much", "local")]


def test_only_an_admin_moves_the_champion(page: ModelsPage, moves: Moves) -> None:
    for asked in (page.promote(READER, "3", "why not"), page.roll_back(READER, "why not")):
        with pytest.raises(Forbidden, match="key 'ann' lacks the scope 'admin'"):
            asyncio.run(asked)
    assert moves.kept == []


@pytest.mark.parametrize("typed", [None, "", "  ", "two\nlines", "x" * 81])
def test_a_reason_is_one_line(typed: str | None) -> None:
    with pytest.raises(InvalidInput, match="write the reason: one line of up to 80 characters"):
        line("the reason", typed)
    assert line("the reason", " it fits ") == "it fits"
