"""Plain HTML elements with text: headings, paragraphs, lists of facts, tables that become cards on a narrow screen."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

Cell: TypeAlias = str | Callable[[], object]
"""Text, or what draws the cell."""


def text(tag: str, words: str, classes: str = "") -> TextElement:
    """An element that holds this text, escaped."""
    return TextElement(tag=tag, text=words).classes(classes)


def block(tag: str = "div", classes: str = "") -> ui.element:
    """An element to fill: `with block("section"): …`"""
    return ui.element(tag).classes(classes)


def link(words: str, target: str, classes: str = "") -> TextElement:
    """A link inside the console."""
    return text("a", words, classes).props(f'href="{target}"')


def button(words: str, outline: bool = False) -> ui.button:
    """A button in the colours of the style sheet, which has them for light and for dark."""
    return ui.button(words, color=None).props("no-caps outline" if outline else "no-caps unelevated")


def tag(word: str) -> Cell:
    """A cell with one word in the colour that goes with it."""
    return lambda: text("span", word, f"tag {word}")


def facts(pairs: Iterable[tuple[str, Cell]]) -> None:
    """Names and their values, as a description list."""
    with block("dl"):
        for name, value in pairs:
            text("dt", name)
            _cell("dd", value)


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]], classes: str = "") -> None:
    """A table; a heading that begins with `#` is of numbers, which stand right, with `@` of
    what is not broken into lines. The class `compact` makes no cards."""
    with block("table", classes):
        text("caption", caption, "hidden")
        with block("thead"), block("tr"):
            for heading in headings:
                text("th", heading.lstrip("#@"), _side(heading)).props('scope="col"')
        with block("tbody"):
            for row in rows:
                with block("tr"):
                    for heading, cell in zip(headings, row, strict=True):
                        made = _cell("td", cell).classes(_side(heading))
                        made.props["data-label"] = heading.lstrip("#@")


def _cell(tag: str, cell: Cell) -> ui.element:
    if isinstance(cell, str):
        return text(tag, cell)
    with block(tag) as made:
        cell()
    return made


def _side(heading: str) -> str:
    return {"#": "number", "@": "whole"}.get(heading[:1], "")
