"""Orders: one by its id, those that will likely miss their promise, and the same as a file."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import astuple, fields
from datetime import datetime
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from common.errors import DeliveryTimeError
from console.access.visitor import Visitor
from console.frame.acting import on_click
from console.frame.cursors import Cursors
from console.frame.markup import Cell, block, button, link, table, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import percent
from console.reads.orders import EVERY, OrderAtRisk, OrderPage, Orders, Promised

SECONDS = 30.0
LENGTH = 25
CSV_PATH = "/orders/at-risk.csv"
SCOPES = ("predict", "read")


class OrdersPage:
    """The list at risk, and the way to one order."""

    def __init__(self, shell: Shell, orders: Orders) -> None:
        self._shell = shell
        self._orders = orders

    def add(self, app: FastAPI) -> None:
        """Serve the page at /orders, and the whole list as CSV at /orders/at-risk.csv."""
        self._add_csv(app)

        @ui.page("/orders", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/orders") as visitor:
                if visitor.may(*SCOPES):
                    _draw_search()
                    AtRiskList(self._shell, self._orders, visitor)
                else:
                    text("p", "To see orders it takes a key with the scope predict or read.", "panel")

    def _add_csv(self, app: FastAPI) -> None:
        @app.get(CSV_PATH, include_in_schema=False)
        async def at_risk(request: Request, first: str = "", last: str = "") -> Response:
            visitor: Visitor = request.state.visitor
            try:
                self._shell.may(visitor, *SCOPES)
                promised = Promised.typed(first, last)
                await self._orders.at_risk(visitor, 1, None, promised)  # refused before the first byte, if it is
            except DeliveryTimeError as error:
                return PlainTextResponse(f"{error}\n", error.status)
            named = {"Content-Disposition": 'attachment; filename="orders-at-risk.csv"'}
            lines = _file(self._orders.all_at_risk(visitor, promised))
            return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=named)


class AtRiskList:
    """One page of orders at a time, by the gateway's cursors."""

    def __init__(self, shell: Shell, orders: Orders, visitor: Visitor) -> None:
        self._shell = shell
        self._orders = orders
        self._visitor = visitor
        self._promised = EVERY
        with block("section", "panel"):
            text("h2", "Orders at risk: promised between")
            with block("div", "actions"):
                first, last = (_day(label) for label in ("First day", "Last day"))
                chosen = button("Show")
                self._download = text("a", "Download as CSV", "button")
        panel = Panel("Under way, and likely late: the worst first", self._load, self._draw, SECONDS)
        self._cursors = Cursors(None, panel.refresh)
        self._offer(first="", last="")

        async def choose() -> None:
            self._promised = Promised.typed(first.value or "", last.value or "")
            self._offer(first=first.value or "", last=last.value or "")
            self._cursors.restart()
            await panel.refresh()

        on_click(chosen, choose)

    def _offer(self, **days: str) -> None:
        """Let the download have the orders of these days."""
        query = urlencode({name: day for name, day in days.items() if day})
        self._download.props(f'href="{CSV_PATH}{"?" if query else ""}{query}" download')

    async def _load(self) -> OrderPage:
        return await self._orders.at_risk(self._visitor, LENGTH, self._cursors.present, self._promised)

    def _draw(self, page: OrderPage) -> None:
        if not page.items:
            text("p", "No order under way is likely to miss its promise.", "good")
        else:
            seen = max(order.computed_at for order in page.items)
            text("p", f"As the monitor saw them at {self._shell.words.moment(seen)}.", "soft")
            headings = ("order", "#late with", "@promised", "@expected", "@ordered", "@handed over", "@at risk since")
            table("Orders at risk", headings, map(self._row, page.items))
        self._cursors.draw(page.next_cursor)

    def _row(self, order: OrderAtRisk) -> tuple[Cell, ...]:
        moment = self._shell.words.moment
        return (
            lambda: link(order.order_id, address_of(order.order_id)),
            percent(order.late_probability),
            moment(order.promised_at),
            moment(order.expected_at),
            moment(order.purchase_timestamp),
            moment(order.shipped_at),
            moment(order.since),
        )


def address_of(order_id: str) -> str:
    """The page about one order, whatever its id is made of."""
    return f"/order?id={quote(order_id, safe='')}"


def _draw_search() -> None:
    with block("section", "panel"):
        text("h2", "One order")
        with block("form", "actions") as form:
            wanted = ui.input("Order id").props('outlined dense autocomplete="off" maxlength=64')
            button("Show the order").props("type=submit")

    def go() -> None:
        if order_id := (wanted.value or "").strip():
            ui.navigate.to(address_of(order_id))

    form.on("submit.prevent", go)


def _day(label: str) -> ui.input:
    return ui.input(label).props("outlined dense type=date stack-label")


async def _file(pages: AsyncIterator[list[OrderAtRisk]]) -> AsyncIterator[str]:
    """CSV: a header, and one line an order."""
    yield _csv([[field.name for field in fields(OrderAtRisk)]])
    async for orders in pages:
        yield _csv(
            [each.isoformat() if isinstance(each, datetime) else each for each in astuple(order)] for order in orders
        )


def _csv(rows: Iterable[Sequence[object]]) -> str:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()
