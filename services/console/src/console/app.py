"""The application: the guard around log-in, health and NiceGUI's pages, all on collaborators that the caller brings."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI
from nicegui import ui
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from console.access import login
from console.access.guard import Guard
from console.access.sessions import Sessions
from console.background import Background
from console.watch import Watch

STATIC = Path(str(files("console") / "static"))
HEAD = '<link rel="stylesheet" href="/static/console.css">'


class Page(Protocol):
    """What serves one path or a few."""

    def add(self, app: FastAPI, /) -> None:
        """Register with NiceGUI; what is no page goes to the app."""


def create_app(
    sessions: Sessions,
    watch: Watch,
    pages: Sequence[Page],
    background: Sequence[Background],
    names: Collection[str] | None,
    most_bytes: int,
) -> ASGIApp:
    """The console's application. It starts and stops the background with itself."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each.run()) for each in background]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(title="console", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    login.add_routes(app, sessions)

    @app.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> dict[str, object]:
        """The console shows pages whatever is away; `away` names it."""
        return {"status": "ready", "away": {part.name: part.since.isoformat() for part in watch.away}}

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for page in pages:
        page.add(app)
    ui.add_head_html(HEAD, shared=True)
    ui.run_with(
        app,
        title="delivery-time",
        favicon=STATIC / "icon.svg",
        language="en-US",
        dark=None,
        tailwind=False,
        show_welcome_message=False,
    )
    return Guard(app, sessions, names, most_bytes)
