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
from console.frame.markup import block, button, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number
from console.gateway import Gateway
from console.pages.answer import Promise, draw_answer
from console.pages.places_chart import places_chart
from console.reads.champion import Champions
from console.reads.order_form import PATH, FormField, order_form, request_of
from console.reads.places import Place, Places

SHARES = [0.5, 0.75, 0.9, 0.95, 0.99]
"""On-time shares between which the visitor chooses: as many as the gateway takes at once."""
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

    async def picture(self, visitor: Visitor) -> list[Place]:
        """Places of the version that answers."""
        return await self._places.of_version((await self._champions.of(visitor)).version)

    async def answer(self, visitor: Visitor, body: dict[str, Any]) -> dict[str, Any]:
        """The gateway's answer; GatewayAway, Refused."""
        self._shell.may(visitor, "predict")
        found: dict[str, Any] = (await self._gateway.post(visitor, PATH, body)).json()
        return found

    async def promises(self, visitor: Visitor, body: dict[str, Any]) -> list[Promise]:
        """What could be promised of such an order; asked without its id, so that nothing of it becomes its promise."""
        asked = {name: value for name, value in body.items() if name != "order_id"} | {"on_time_share": SHARES}
        found = (await self._gateway.post(visitor, PATH, asked)).json()["promises"]
        return [(each["on_time_share"], each["days"], each["date"]) for each in found]

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

    def _draw_picture(self, places: list[Place]) -> None:
        places_chart("Places as dots", {"longitude, latitude": places}, {}, self._picked)
        text("p", f"{number(len(places))} of the places that the model knows. Any other place: type it.", "soft")

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
            promises = await self._page.promises(self._visitor, body)
            self._answer.clear()
            with self._answer:
                draw_answer(found, body, promises)
                text("h3", "The same as a command")
                text("pre", self._page.curl(self._visitor, body))
