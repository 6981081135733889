"""Models: every version with the gate's reason and its figures, and what decided which one serves."""

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from console.frame.cursors import Cursors
from console.frame.markup import Cell, block, facts, link, table, tag, text
from console.frame.pager import Pager
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number, percent
from console.reads import events
from console.reads.database_reader import DatabaseReader
from console.reads.events import ShownEvent
from console.reads.models import ModelVersions, ShownVersion, VersionDetail, VersionPage

LENGTH = 10
CARD_EXTRAS = ["tables", "fenced-code-blocks", "code-friendly"]
"""A card is full of names with underscores, which are no emphasis."""
SECONDS = 15.0

BY_COMMAND = """Promoting and rolling back are commands of the trainer, which asks for a reason and keeps it:

    trainer promote VERSION --reason "why"
    trainer rollback --reason "why"

With the embedded stack, put `.venv/bin/devstack run --` in front. The gateways follow within seconds."""


class ModelsPage:
    """Lists versions and shows one."""

    def __init__(self, shell: Shell, models: ModelVersions, read: DatabaseReader) -> None:
        self._shell = shell
        self._models = models
        self._read = read

    def add(self, _: FastAPI) -> None:
        """Serve the pages at /models and /models/VERSION."""

        @ui.page("/models", dark=None)
        def versions(request: Request) -> None:
            with self._shell.page(request, "/models"):
                VersionList(self._shell, self._models)
                Pager("What decided", self._decisions, self._draw_decisions, LENGTH, SECONDS)
                with block("section", "panel"):
                    text("h2", "Promote or roll back")
                    ui.markdown(BY_COMMAND)

        @ui.page("/models/{version}", dark=None)
        def one(request: Request, version: str) -> None:
            with self._shell.page(request, "/models", f"Version {version}"):
                Panel("Figures", lambda: self._models.detail(version), self._draw_detail)

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
