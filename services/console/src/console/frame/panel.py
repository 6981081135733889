"""A titled part of a page that loads by itself: what cannot be had says so, and the rest of the page works."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from nicegui import ui

from common.errors import DeliveryTimeError
from console.frame.markup import block, text

Shown = TypeVar("Shown")

AGAIN_SECONDS = 3.0
"""After which a panel that is loaded once is tried again, if it could not be loaded."""


class Panel(Generic[Shown]):
    """Loads, draws what it got, and loads again every `seconds`; it is drawn anew only when something changed.

    load: what to show; a DeliveryTimeError becomes a line above what was shown last. draw: draws it. final: whether
    what was loaded will not change any more.
    """

    def __init__(
        self,
        title: str,
        load: Callable[[], Awaitable[Shown]],
        draw: Callable[[Shown], object],
        seconds: float | None = None,
        classes: str = "",
        final: Callable[[Shown], bool] = lambda _: False,
    ) -> None:
        self._load = load
        self._draw = draw
        self._final = final
        self._shown: tuple[Shown] | None = None
        self._trouble: str | None = None
        with block("section", f"panel {classes}"):
            text("h2", title)
            self._line = text("p", "", "trouble hidden").props('role="status"')
            self._body = block()
            with self._body:
                ui.linear_progress(show_value=False).props('indeterminate aria-label="loading"')
        ui.timer(0, self.refresh, once=True)
        self._timer = ui.timer(seconds or AGAIN_SECONDS, self.refresh if seconds else self._again, immediate=False)

    async def _again(self) -> None:
        if self._trouble is not None:
            await self.refresh()

    async def refresh(self) -> None:
        """Load, and draw what is new."""
        try:
            loaded: tuple[Shown] | None = (await self._load(),)
            trouble = None
        except DeliveryTimeError as error:
            loaded, trouble = self._shown, str(error)
        if self._body.is_deleted:
            return
        if trouble != self._trouble:
            self._trouble = trouble
            self._line.set_text("" if trouble is None else trouble)
            self._line.classes(add="hidden" if trouble is None else "", remove="" if trouble is None else "hidden")
        if loaded is None:
            self._body.clear()
        elif loaded != self._shown:
            self._shown = loaded
            self._body.clear()
            with self._body:
                self._draw(loaded[0])
        if loaded and not trouble and self._final(loaded[0]):
            self._timer.cancel()
