"""The frame around every page: navigation, what is away, light or dark, who is logged in."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui
from starlette.requests import Request

from common.errors import DeliveryTimeError
from console.access.sessions import Sessions
from console.access.visitor import Visitor
from console.frame.markup import block, link, text
from console.frame.words import Words
from console.watch import Away, Watch

PAGES = {
    "/": "Now",
    "/ask": "Ask",
    "/files": "Files",
    "/orders": "Orders",
    "/alerts": "Alerts",
    "/models": "Models",
    "/quality": "Quality",
    "/pace": "Pace",
    "/data": "Data",
}
PRIMARY = "#0b6464"
LOOK_COOKIE = "console_look"
LOOKS = {"light": False, "dark": True}
STATE_SECONDS = 2.0

SWITCH_LOOK = f"""() => {{
    const dark = !Quasar.Dark.isActive;
    Quasar.Dark.set(dark);
    document.cookie = `{LOOK_COOKIE}=${{dark ? "dark" : "light"}}; path=/; max-age=31536000; samesite=strict`;
}}"""


class LoggedOut(DeliveryTimeError):
    """The session has ended while its page is still open."""

    status = 401
    title = "Logged out"

    def __init__(self) -> None:
        super().__init__("your log-in has ended: load the page again")


class Shell:
    """Draws the frame, and holds actions to the visitor's session and scopes."""

    def __init__(self, watch: Watch, sessions: Sessions, words: Words) -> None:
        self.words = words
        self._watch = watch
        self._sessions = sessions

    @contextmanager
    def page(self, request: Request, path: str, title: str | None = None) -> Iterator[Visitor]:
        """The page's content goes inside; yields who looks at it."""
        visitor: Visitor = request.state.visitor
        name = title or PAGES[path]
        ui.page_title(f"{name} · delivery-time")
        ui.colors(primary=PRIMARY)
        ui.dark_mode(LOOKS.get(request.cookies.get(LOOK_COOKIE, "")))
        text("a", "Skip to the content", "skip").props('href="#content"')
        with block("header"):
            self._navigation(path)
            self._visitor(visitor)
        away = block("div", "away").props('role="status" aria-live="polite"')
        with block("div", "content").props('id="content" tabindex="-1"'):
            text("h1", name)
            yield visitor
        self._follow(away, visitor)

    def may(self, visitor: Visitor, *scopes: str) -> None:
        """LoggedOut or Forbidden unless this visitor may do so at this moment."""
        if not self._sessions.holds(visitor):
            raise LoggedOut
        visitor.require(*scopes)

    def _navigation(self, present: str) -> None:
        with block("nav").props('aria-label="Pages"'):
            for path, name in PAGES.items():
                made = link(name, path)
                if path == present:
                    made.props('aria-current="page"')

    def _visitor(self, visitor: Visitor) -> None:
        with block("div", "visitor"):
            look = text("button", "◐").props(
                'type="button" aria-label="Switch between light and dark" title="Light or dark"'
            )
            look.on("click", js_handler=SWITCH_LOOK)
            if visitor.key:
                with block("form").props('method="post" action="/logout"'):
                    text("button", f"Log out {visitor.name}")

    def _follow(self, place: ui.element, visitor: Visitor) -> None:
        """Keep the lines about what is away up to date, and leave when the session has ended."""
        shown: tuple[Away, ...] = ()

        def look() -> None:
            nonlocal shown
            if not self._sessions.holds(visitor):
                ui.navigate.to("/login")
            elif self._watch.away != shown:
                shown = self._watch.away
                place.clear()
                with place:
                    for part in shown:
                        self._line(part)

        look()
        ui.timer(STATE_SECONDS, look)

    def _line(self, part: Away) -> None:
        since = self.words.moment(part.since) if not part.from_start else f"{self.words.moment(part.since)} or before"
        with block("p"):
            text("strong", f"The {part.name} is away since {since}. ")
            text("span", f"{part.means} {part.why}", "why")
