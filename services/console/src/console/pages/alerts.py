"""Alerts: what is open and what to do about it, who looks after it, and what was."""

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from common.database.alerts import acknowledge
from console.access.visitor import Visitor
from console.frame.acting import LONGEST_LINE, line, on_click
from console.frame.markup import block, button, facts, table, text
from console.frame.pager import Pager
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import ago, number
from console.reads import alerts
from console.reads.alerts import ShownAlert
from console.reads.database_reader import DatabaseReader
from console.runbook import Runbook

SECONDS = 5.0
LENGTH = 20


class AlertsPage:
    """Lists alerts and acknowledges them by the function of `monitor alerts ack`."""

    def __init__(self, shell: Shell, read: DatabaseReader, runbook: Runbook) -> None:
        self._shell = shell
        self._read = read
        self._runbook = runbook

    def add(self, _: FastAPI) -> None:
        """Serve the page at /alerts."""

        @ui.page("/alerts", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/alerts") as visitor:
                opened: Panel[list[ShownAlert]] = Panel(
                    "Open",
                    lambda: self._read(alerts.current),
                    lambda found: self._draw_open(found, visitor, opened),
                    SECONDS,
                    "plain",
                )
                Pager("Past", self._past, self._draw_past, LENGTH)

    async def _past(self, at: int) -> tuple[list[ShownAlert], int]:
        return await self._read(lambda session: alerts.past(session, at, LENGTH))

    async def acknowledge(self, visitor: Visitor, alert_id: int, name: str, word: str) -> None:
        """Note who looks after an alert and how; Forbidden, InvalidInput, NotFound, Conflict."""
        self._shell.may(visitor, "admin")
        by = f"{line('your name', name)}: {line('what you do about it', word)}"
        await self._read(lambda session: acknowledge(session, alert_id, by))

    def _draw_open(self, found: list[ShownAlert], visitor: Visitor, panel: Panel[list[ShownAlert]]) -> None:
        if not found:
            text("p", "No alert is open.", "good")
        for alert in found:
            with block("article", "alert"):
                with block("div"):
                    self._draw_alert(alert, visitor, panel)
                with block("aside"):
                    text("h3", f"Runbook: {alert.rule}")
                    ui.markdown(self._runbook.about(alert.rule) or "The runbook has no paragraph about this rule.")

    def _draw_alert(self, alert: ShownAlert, visitor: Visitor, panel: Panel[list[ShownAlert]]) -> None:
        text("span", alert.severity, f"tag {alert.severity}")
        text("h3", alert.message)
        words = self._shell.words
        facts(
            [
                ("rule", alert.rule),
                ("about", alert.subject or "everything"),
                ("open since", f"{words.moment(alert.opened_at)}, {ago(alert.opened_at)}"),
            ]
        )
        if alert.acknowledged_by:
            text("p", f"Looked after by {alert.acknowledged_by} ({words.moment(alert.acknowledged_at)})")
        elif visitor.may("admin"):
            self._draw_form(alert, visitor, panel)
        else:
            text("p", "To acknowledge it takes a key with the scope admin.", "soft")

    def _draw_form(self, alert: ShownAlert, visitor: Visitor, panel: Panel[list[ShownAlert]]) -> None:
        with block("div", "actions"):
            name = ui.input("Your name").props(f"outlined dense maxlength={LONGEST_LINE}")
            word = ui.input("What you do about it").props(f"outlined dense maxlength={LONGEST_LINE}")
            start = button("Acknowledge")

        async def go() -> None:
            await self.acknowledge(visitor, alert.id, name.value or "", word.value or "")
            await panel.refresh()

        on_click(start, go)

    def _draw_past(self, found: list[ShownAlert], count: int) -> None:
        if not found:
            text("p", "No alert has closed yet.")
            return
        moment = self._shell.words.moment
        table(
            "Past alerts",
            ("@rule", "about", "what", "@opened", "@closed", "looked after by"),
            [
                (
                    alert.rule,
                    alert.subject or "–",
                    alert.message,
                    moment(alert.opened_at),
                    moment(alert.closed_at),
                    alert.acknowledged_by or "nobody",
                )
                for alert in found
            ],
        )
        text("p", f"{number(count)} in all", "soft")
