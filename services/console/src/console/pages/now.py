"""Now: is all well? One screen, readable from three metres."""

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from common.database import at_risk
from common.database.at_risk import Standing
from common.errors import DeliveryTimeError
from console.access.visitor import Visitor
from console.frame.markup import block, facts, link, table, tag, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import ago, number, percent
from console.pages.pace_table import draw_pace
from console.reads import alerts, events
from console.reads.alerts import ShownAlert
from console.reads.champion import Champion, Champions
from console.reads.champion_pace import ChampionPace
from console.reads.database_reader import DatabaseReader
from console.reads.events import ShownEvent, ShownRetraining
from console.traffic import Rate, Traffic
from console.verdict import needs
from console.watch import Watch

SECONDS = 5.0
SHOWN_ALERTS = 5


@dataclass(frozen=True)
class Serving:
    """What answers, and how much it is asked."""

    model: Champion
    since: ShownEvent | None
    rate: Rate | None


class NowPage:
    """Reads everything that tells whether all is well."""

    def __init__(
        self,
        shell: Shell,
        champions: Champions,
        read: DatabaseReader,
        watch: Watch,
        traffic: Traffic,
        pace: ChampionPace,
    ) -> None:
        self._shell = shell
        self._champions = champions
        self._read = read
        self._watch = watch
        self._traffic = traffic
        self._pace = pace

    def add(self, _: FastAPI) -> None:
        """Serve the page at /."""

        @ui.page("/", dark=None)
        def now(request: Request) -> None:
            with self._shell.page(request, "/") as visitor:
                self._draw(visitor)

    def _draw(self, visitor: Visitor) -> None:
        Panel("Is all well?", lambda: self._needs(visitor), _draw_needs, SECONDS, "verdict")
        with block("div", "columns"):
            Panel("Champion", lambda: self._serving(visitor), self._draw_serving, SECONDS)
            Panel("Jobs", lambda: self._read(events.job_counts), _draw_jobs, SECONDS)
            Panel("Orders at risk", lambda: self._read(at_risk.standing), self._draw_at_risk, 30)
            Panel("Last retraining", lambda: self._read(events.last_retraining), self._draw_retraining, SECONDS)
        Panel("Open alerts", lambda: self._read(alerts.current), self._draw_alerts, SECONDS)
        Panel("Delivery pace", lambda: self._pace.of(visitor), draw_pace, 30)

    async def _needs(self, visitor: Visitor) -> tuple[str, ...]:
        away, no_model = self._watch.away, None
        try:
            await self._champions.of(visitor)
        except DeliveryTimeError as error:
            no_model = None if away or error.status in (401, 403) else str(error)
        try:
            found, jobs = await self._read(alerts.current), await self._read(events.job_counts)
            retraining = await self._read(events.last_retraining)
        except DeliveryTimeError as error:
            return needs(away, [], {}, None, no_model) or (str(error),)
        return needs(away, found, jobs, retraining, no_model)

    async def _serving(self, visitor: Visitor) -> Serving:
        model = await self._champions.of(visitor)
        try:
            since = await self._read(events.last_promotion)
        except DeliveryTimeError:
            since = None
        return Serving(model, since, self._traffic.rate)

    def _draw_serving(self, found: Serving) -> None:
        model, words = found.model, self._shell.words
        text("p", f"Version {model.version}", "big")
        metrics = dict(model.metrics)
        since = f"{words.moment(found.since.happened_at)}, by {found.since.actor}" if found.since else "–"
        rate = found.rate
        facts(
            [
                ("trained", f"{words.moment(model.trained_at)}, {ago(model.trained_at)}"),
                ("has learned until", _learned(model)),
                ("champion since", since),
                ("mean error", f"{number(metrics.get('mae'), 2)} days on its newest window"),
                ("interval kept", percent(metrics.get("interval_coverage"))),
                ("predictions per minute", number(rate.requests_per_minute, 1) if rate else "being counted"),
                ("errors per minute", number(rate.errors_per_minute, 1) if rate else "being counted"),
            ]
        )

    def _draw_retraining(self, found: ShownRetraining | None) -> None:
        if found is None:
            text("p", "None was asked for yet. The monitor asks for one when an alert says that the model is behind.")
            return
        text("p", found.status, f"big {'bad' if found.status == 'failed' else ''}")
        facts(
            [
                ("asked for", f"{self._shell.words.moment(found.requested_at)}, {ago(found.requested_at)}"),
                ("because", found.reason),
                ("ended", self._shell.words.moment(found.finished_at)),
                ("outcome", found.outcome or "–"),
            ]
        )

    def _draw_at_risk(self, found: Standing) -> None:
        text("p", number(found.at_risk), f"big {'' if found.at_risk else 'good'}")
        facts(
            [
                ("under way, promised and watched", number(found.watched)),
                ("late already", number(found.late)),
                ("last looked at", self._shell.words.moment(found.computed_at)),
            ]
        )
        link("Which, and when they are expected", "/orders")

    def _draw_alerts(self, found: list[ShownAlert]) -> None:
        if not found:
            text("p", "No alert is open.", "good")
            return
        table(
            "Open alerts",
            ("severity", "what", "@since", "who looks after it"),
            [
                (
                    tag(alert.severity),
                    alert.message,
                    f"{self._shell.words.moment(alert.opened_at)}, {ago(alert.opened_at)}",
                    alert.acknowledged_by or "nobody yet",
                )
                for alert in found[:SHOWN_ALERTS]
            ],
        )
        link(f"What to do ({len(found)} open)", "/alerts")


def _draw_jobs(counts: dict[str, int]) -> None:
    open_jobs = counts.get("queued", 0) + counts.get("running", 0)
    text("p", f"{open_jobs} in progress" if open_jobs else "None in progress", "big")
    names = ("queued", "running", "succeeded", "failed", "cancelled")
    facts([(name, number(counts.get(name, 0))) for name in names])
    link("Jobs, and a new one (ended: last 24 hours)", "/files")


def _learned(model: Champion) -> str:
    if model.learned_until is None:
        return "–"
    at = datetime.combine(model.learned_until, datetime.min.time(), UTC)
    return f"{model.learned_until}, {ago(at)}"


def _draw_needs(found: tuple[str, ...]) -> None:
    if not found:
        text("p", "All is well", "big good")
        return
    text("p", "One thing needs a look" if len(found) == 1 else f"{len(found)} things need a look", "big bad")
    with block("ul"):
        for need in found:
            text("li", need)
