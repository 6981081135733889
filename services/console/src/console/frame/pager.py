"""A panel of one page of a long list, with buttons to the newer and the older ones."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from console.frame.acting import busy
from console.frame.markup import block, button
from console.frame.panel import Panel

Row = TypeVar("Row")


class Pager:
    """load: page number (from 0) to its rows, `length` at most, and the count of all; draw: shows both."""

    def __init__(
        self,
        title: str,
        load: Callable[[int], Awaitable[tuple[list[Row], int]]],
        draw: Callable[[list[Row], int], object],
        length: int,
        seconds: float | None = None,
    ) -> None:
        self._at = 0
        self._length = length
        self._panel: Panel[tuple[list[Row], int]] = Panel(
            title, lambda: load(self._at), lambda page: self._draw(draw, page), seconds
        )

    def _draw(self, draw: Callable[[list[Row], int], object], page: tuple[list[Row], int]) -> None:
        rows, count = page
        draw(rows, count)
        if count > self._length:
            with block("div", "actions"):
                self._button("Newer", -1, self._at > 0)
                self._button("Older", 1, (self._at + 1) * self._length < count)

    def _button(self, words: str, step: int, possible: bool) -> None:
        turning = button(words, outline=True)
        turning.set_enabled(possible)

        async def turn() -> None:
            self._at += step
            with busy(turning):
                await self._panel.refresh()

        turning.on_click(turn)
