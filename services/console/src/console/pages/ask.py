"""Ask: one order's question, its answer with the interval, and the same as `curl`."""

import json
import shlex
from typing import Any

from fastapi import FastAPI
from nicegui import ui
from nicegui.events import EChartPointClickEventArguments
from starlette.requests import Request

from console.access.visitor import Visitor
from console.frame.acting import busy
from console.frame.markup import block, button, facts, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number
from console.gateway import Gateway
from console.pages.places_chart import places_chart
from console.reads.champion import Champions
from console.reads.order_form import PATH, FormField, order_form, request_of
from console.reads.places import Places, Point

ANSWER = ("delivery_time", "delivery_time_days", "lower_days", "upper_days")
PAIRS = (("destination_lat", "destination_lng"), ("customer_lat", "customer_lng"))
"""The fields that a click on the picture fills: those that are filled, else the first that the gateway takes."""


class AskPage:
    """A form of the gateway's own fields. public_url: where users reach the gateway, for `curl`."""

    def __init__(self, shell: Shell, gateway: Gateway, champions: Champions, places: Places, public_url: str) -> None:
        self._shell = shell
        self._gateway = gateway
        self._champions = champions
        self._places = places
        self._public_url = public_url.rstrip("/")

    def add(self, _: FastAPI) -> None:
        """Serve the page at /ask."""

        @ui.page("/ask", dark=None)
        def ask(request: Request) -> None:
            with self._shell.page(request, "/ask") as visitor:
                if visitor.may("predict"):
                    Question(self, visitor)
                else:
                    text("p", "To ask it takes a key with the scope predict.", "panel")

    async def fields(self) -> tuple[FormField, ...]:
        """The order's fields, from the gateway."""
        return await order_form(self._gateway)

    async def picture(self, visitor: Visitor) -> list[Point]:
        """Places of the version that answers."""
        return await self._places.of_version((await self._champions.of(visitor)).version)

    async def answer(self, visitor: Visitor, body: dict[str, Any]) -> dict[str, Any]:
        """The gateway's answer; GatewayAway, Refused."""
        self._shell.may(visitor, "predict")
        found: dict[str, Any] = (await self._gateway.post(visitor, PATH, body)).json()
        return found

    def curl(self, visitor: Visitor, body: dict[str, Any]) -> str:
        """The same question for a shell; the key stands for itself."""
        key = ' \\\n  -H "Authorization: Bearer $API_KEY"' if visitor.key else ""
        sent = shlex.quote(json.dumps(body, ensure_ascii=False))
        return f"curl {self._public_url}{PATH} \\\n  -H 'Content-Type: application/json'{key} \\\n  -d {sent}"


class Question:
    """What one visitor types and gets."""

    def __init__(self, page: AskPage, visitor: Visitor) -> None:
        self._page = page
        self._visitor = visitor
        self._inputs: dict[str, ui.input] = {}
        self._fields: tuple[FormField, ...] = ()
        with block("div", "columns wide"):
            Panel("The order", page.fields, self._draw_form)
            Panel("Where to: click a place", lambda: page.picture(visitor), self._draw_picture)
        with block("section", "panel"):
            text("h2", "The answer")
            with block().props('role="status" aria-live="polite"') as self._answer:
                text("p", "Fill in the order and ask.", "soft")

    def _draw_form(self, fields: tuple[FormField, ...]) -> None:
        self._fields = fields
        with block("form", "ask") as form:
            with block("div", "fields"):
                for field in fields:
                    self._inputs[field.name] = self._input(field)
            with block("div", "actions"):
                submit = button("Ask").props("type=submit")
        form.on("submit.prevent", lambda: self._ask(submit))

    def _input(self, field: FormField) -> ui.input:
        label = field.name + (" *" if field.required else "")
        made = ui.input(label, value=field.example)
        made.props(f'outlined dense hide-bottom-space name="{field.name}" autocomplete="off"')
        made.props["hint"] = field.hint
        if field.kind in ("integer", "number"):
            made.props('inputmode="decimal"')
        return made

    def _draw_picture(self, points: list[Point]) -> None:
        places_chart(points, self._picked)
        text("p", f"{number(len(points))} of the places that the model knows. Any other place: type it.", "soft")

    def _picked(self, event: EChartPointClickEventArguments) -> None:
        there = [pair for pair in PAIRS if pair[0] in self._inputs]
        pair = next((pair for pair in there if self._inputs[pair[0]].value), there[0] if there else None)
        if pair and isinstance(event.value, list):
            lng, lat = event.value
            self._inputs[pair[0]].set_value(str(lat))
            self._inputs[pair[1]].set_value(str(lng))

    async def _ask(self, button: ui.button) -> None:
        with busy(button):
            body = request_of(self._fields, {name: made.value or "" for name, made in self._inputs.items()})
            found = await self._page.answer(self._visitor, body)
            self._answer.clear()
            with self._answer:
                draw_answer(found, sent=body)
                text("h3", "The same as a command")
                text("pre", self._page.curl(self._visitor, body))


def draw_answer(found: dict[str, Any], sent: dict[str, Any]) -> None:
    """The days with their interval on a line, then whatever else the gateway said."""
    days, low, high = (float(found[name]) for name in ANSWER[1:])
    text("p", f"{number(days, 1)} days", "big")
    text("p", f"Nine of ten such orders take between {number(low, 1)} and {number(high, 1)} days; half take less.")
    scale = high * 1.1
    with block("div", "interval").props('aria-hidden="true"'):
        block("div", "range").style(f"left: {low / scale:.1%}; width: {(high - low) / scale:.1%}")
        block("div", "median").style(f"left: {days / scale:.1%}")
    facts((name, _shown(value)) for name, value in found.items() if name not in (*ANSWER, *sent))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
