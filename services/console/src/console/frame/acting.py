"""Actions of people: one at a time, their refusals said where they were asked for."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import ui

from common.errors import DeliveryTimeError, InvalidInput
from console.gateway import Refused

LONGEST_LINE = 80


def line(what: str, typed: str | None) -> str:
    """What was typed into a line that must not stay empty; InvalidInput."""
    typed = (typed or "").strip()
    if not typed or not typed.isprintable() or len(typed) > LONGEST_LINE:
        raise InvalidInput(f"write {what}: one line of up to {LONGEST_LINE} characters")
    return typed


@contextmanager
def busy(button: ui.button) -> Iterator[None]:
    """The button turns and takes no second click while the block runs; a refusal is shown, not raised."""
    button.props("loading").disable()
    try:
        yield
    except DeliveryTimeError as error:
        say_refused(error)
    finally:
        button.props(remove="loading").enable()


def say_refused(error: DeliveryTimeError) -> None:
    """Show why not, until it is closed."""
    lines = [str(error), *(error.fields if isinstance(error, Refused) and len(error.fields) > 1 else [])]
    ui.notify("\n".join(lines), type="negative", multi_line=True, close_button="Close", timeout=0, classes="refused")


def on_click(button: ui.button, action: Callable[[], Awaitable[None]]) -> ui.button:
    """Run the action at each click, the button busy meanwhile."""

    async def run() -> None:
        with busy(button):
            await action()

    return button.on_click(run)
