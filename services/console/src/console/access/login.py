"""The log-in: a plain HTML form, so that it works before anything else does."""

from html import escape
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.access.sessions import COOKIE, Sessions

LONGEST_BODY = 4_096

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in · delivery-time</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/console.css"></head>
<body class="login"><main><h1>delivery-time</h1>
<form method="post" action="/login">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus placeholder="dt_…">
<input type="hidden" name="to" value="{to}">
{trouble}<button>Log in</button></form>
<p>Keys are made by <code>gateway keys create NAME --scope jobs</code>. With the scope <code>predict</code> you ask
questions, with <code>jobs</code> you score files, with <code>read</code> you see everything and act on nothing, with
<code>admin</code> you also acknowledge alerts, promote and roll back.</p>
</main></body></html>"""


def add_routes(app: FastAPI, sessions: Sessions) -> None:
    """GET and POST /login, POST /logout."""

    @app.get("/login", include_in_schema=False)
    async def form(to: str = "/") -> Response:
        return RedirectResponse("/", 303) if not sessions.required else _page(to)

    @app.post("/login", include_in_schema=False)
    async def log_in(request: Request) -> Response:
        sent = parse_qs((await _body(request)).decode(errors="replace"))
        key, to = sent.get("key", [""])[0].strip(), sent.get("to", ["/"])[0]
        try:
            cookie = await run_in_threadpool(sessions.log_in, key)
        except OperationalError:
            return _page(to, "The database does not answer, so no key can be checked: try again later.", 503)
        if cookie is None:
            return _page(to, "This key is not valid. It begins with dt_ and was shown once, when it was made.", 401)
        response = RedirectResponse(_inside(to), 303)
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        response.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=secure, path="/")
        return response

    @app.post("/logout", include_in_schema=False)
    async def log_out(request: Request) -> Response:
        sessions.log_out(request.cookies.get(COOKIE))
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, path="/")
        return response


async def _body(request: Request) -> bytes:
    body = b""
    async for block in request.stream():
        body += block
        if len(body) > LONGEST_BODY:
            return b""
    return body


def _page(to: str, trouble: str = "", status: int = 200) -> Response:
    shown = f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else ""
    return HTMLResponse(PAGE.format(to=escape(_inside(to)), trouble=shown), status, {"Cache-Control": "no-store"})


def _inside(to: str) -> str:
    """A path of this site; the start page instead of anything else, so that nobody is sent elsewhere."""
    parts = urlsplit(to)
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and not parts.netloc
    return parts.path if plain and to.isprintable() else "/"
