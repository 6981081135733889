"""Buttons to the newer and the older page of a list that is walked by cursors."""

from collections.abc import Awaitable, Callable

from console.frame.acting import busy
from console.frame.markup import block, button


class Cursors:
    """The cursors of the pages down to the present one; the first page has `first`.

    refresh: loads and draws the page of `present` anew.
    """

    def __init__(self, first: str | None, refresh: Callable[[], Awaitable[None]]) -> None:
        self._stack = [first]
        self._refresh = refresh

    @property
    def present(self) -> str | None:
        """The cursor of the page that is shown."""
        return self._stack[-1]

    def restart(self) -> None:
        """Go back to the first page."""
        del self._stack[1:]

    def draw(self, following: str | None) -> None:
        """The two buttons, unless everything is on this page. following: the next page's cursor, if there is one."""
        if not following and len(self._stack) == 1:
            return
        with block("div", "actions"):
            self._button("Newer", len(self._stack) > 1, self._stack.pop)
            self._button("Older", bool(following), lambda: self._stack.append(following))

    def _button(self, words: str, possible: bool, turn: Callable[[], object]) -> None:
        turning = button(words, outline=True)
        turning.set_enabled(possible)

        async def go() -> None:
            turn()
            with busy(turning):
                await self._refresh()

        turning.on_click(go)
