"""Models: every version with the gate's reason and its figures, and what decided which one serves."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from nicegui import ui
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from common.promotion import Promotion
from console.access.visitor import Visitor
from console.frame.acting import LONGEST_LINE, line, on_click
from console.frame.cursors import Cursors
from console.frame.markup import Cell, block, button, facts, link, table, tag, text
from console.frame.pager import Pager
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number, percent
from console.reads import events
from console.reads.database_reader import DatabaseReader, away_if_silent
from console.reads.events import ShownEvent
from console.reads.models import ModelVersions, ShownVersion, VersionDetail, VersionPage

LENGTH = 10
CARD_EXTRAS = ["tables", "fenced-code-blocks", "code-friendly"]
"""A card is full of names with underscores, which are no emphasis."""
SECONDS = 15.0

BY_ADMINS = "To promote a version or to roll back it takes a key with the scope admin."


class ModelsPage:
    """Lists versions and shows one; moves the champion by what `trainer promote` and `trainer rollback` call."""

    def __init__(self, shell: Shell, models: ModelVersions, read: DatabaseReader, promotion: Promotion) -> None:
        self._shell = shell
        self._models = models
        self._read = read
        self._promotion = promotion

    def add(self, _: FastAPI) -> None:
        """Serve the pages at /models and /models/VERSION."""

        @ui.page("/models", dark=None)
        def versions(request: Request) -> None:
            with self._shell.page(request, "/models") as visitor:
                VersionList(self._shell, self._models)
                Pager("What decided", self._decisions, self._draw_decisions, LENGTH, SECONDS)
                with block("section", "panel"):
                    text("h2", "Roll back to the champion before this one")
                    self._draw_move(visitor, "Roll back", lambda reason: self.roll_back(visitor, reason))

        @ui.page("/models/{version}", dark=None)
        def one(request: Request, version: str) -> None:
            with self._shell.page(request, "/models", f"Version {version}") as visitor:
                Panel("Figures", lambda: self._models.detail(version), self._draw_detail)
                with block("section", "panel"):
                    text("h2", "Make it the champion")
                    self._draw_move(visitor, "Promote", lambda reason: self.promote(visitor, version, reason))

    async def promote(self, visitor: Visitor, version: str, reason: str) -> str:
        """Make a version the champion; its number. Forbidden, InvalidInput, DatabaseAway, RegistryUnavailable."""
        self._shell.may(visitor, "admin")
        await run_in_threadpool(self._promote, version, reason, visitor.name)
        return version

    async def roll_back(self, visitor: Visitor, reason: str) -> str:
        """Make the champion before the present one champion again; its version. Raises as promote does."""
        self._shell.may(visitor, "admin")
        return await run_in_threadpool(self._roll_back, reason, visitor.name)

    def _promote(self, version: str, reason: str, actor: str) -> None:
        with away_if_silent():
            self._promotion.promote(version, reason, actor)

    def _roll_back(self, reason: str, actor: str) -> str:
        with away_if_silent():
            return self._promotion.rollback(reason, actor)

    def _draw_move(self, visitor: Visitor, words: str, move: Callable[[str], Awaitable[str]]) -> None:
        if not visitor.may("admin"):
            text("p", BY_ADMINS, "soft")
            return
        with block("div", "actions"):
            why = ui.input("Why").props(f"outlined dense maxlength={LONGEST_LINE}")
            start = button(words)

        async def go() -> None:
            version = await move(line("the reason, which is kept with the version", why.value))
            why.set_value("")
            ui.notify(f"Version {version} is the champion; the gateways follow within seconds.", type="positive")

        on_click(start, go)

    async def _decisions(self, at: int) -> tuple[list[ShownEvent], int]:
        return await self._read(lambda session: events.decisions(session, at, LENGTH))

    def _draw_decisions(self, found: list[ShownEvent], _: int) -> None:
        if not found:
            text("p", "Nothing yet: make params-search register-model registers the first version.")
            return
        table(
            "Decisions about versions",
            ("@when", "what", "#version", "by", "why"),
            [
                (
                    self._shell.words.moment(each.happened_at),
                    each.event,
                    each.model_version,
                    each.actor,
                    each.reason or "–",
                )
                for each in found
            ],
        )

    def _draw_detail(self, found: VersionDetail) -> None:
        metrics = dict(found.metrics)
        text("h3", "Mean error on the gate's window")
        own = [("this version", metrics["mae"])] if "mae" in metrics else []
        rows = sorted([*own, *found.rivals], key=lambda pair: pair[1])
        table("Mean error in days", ("who", "#days"), [(who, number(days, 2)) for who, days in rows], "compact")
        with block("div", "columns"):
            with block("div"):
                text("h3", "Learned from")
                trained = ("trained", self._shell.words.moment(found.trained_at))
                facts([trained, *found.window, ("data", found.data_fingerprint[:16])])
            with block("div"):
                text("h3", "Further figures")
                facts((name, number(value, 3)) for name, value in found.metrics)
            with block("div"):
                text("h3", "Parameters")
                facts((name, f"{value:g}") for name, value in found.params)
        text("h3", "Model card")
        with block("div", "card"):
            ui.markdown(found.card, extras=CARD_EXTRAS)


class VersionList:
    """One page of versions at a time, by the registry's tokens."""

    def __init__(self, shell: Shell, models: ModelVersions) -> None:
        self._shell = shell
        self._models = models
        panel = Panel("Versions", self._load, self._draw, SECONDS)
        self._cursors = Cursors("", panel.refresh)

    async def _load(self) -> VersionPage:
        return await self._models.page(LENGTH, self._cursors.present or "")

    def _draw(self, page: VersionPage) -> None:
        if not page.versions:
            text("p", "No version yet: make params-search register-model registers the first one.")
            return
        headings = ("@version", "serves as", "@registered", "@learned until", "#error in days", "#interval kept", "why")
        table("Model versions", headings, map(self._row, page.versions))
        self._cursors.draw(page.following)

    def _row(self, each: ShownVersion) -> tuple[Cell, ...]:
        return (
            lambda: link(f"Version {each.version}", f"/models/{each.version}"),
            tag(", ".join(each.aliases)) if each.aliases else "–",
            self._shell.words.moment(each.created),
            (each.learned_until or "–")[:10],
            number(each.mae, 2),
            percent(each.interval_coverage),
            each.reason,
        )
