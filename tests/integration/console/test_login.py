"""Who gets in, what they may do, and what other sites cannot make them do."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from common.database.access.api_keys import hash_of
from common.database.session import Database
from common.database.tables import ApiKey
from support.console_fixtures import Console, running_console, visit
from support.gateway_fixtures import Gateway, running_gateway

REFUSED_SOCKET = ("WebSocket connection to ", "Failed to load resource: the server responded with a status of 401")


@pytest.fixture(scope="module")
def guarded(
    keys: dict[str, str], gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Console, Gateway]]:
    """A console and a gateway that both want API keys, and know `keys` from their start."""
    folder = tmp_path_factory.mktemp("guarded")
    environment = {**gateway_env, "GATEWAY_KEYS": "required", "CONSOLE_KEYS": "required"}
    with running_gateway(environment, folder) as gateway:
        gateway.wait_ready()
        with running_console({**environment, "CONSOLE_GATEWAY_URL": gateway.url}, folder) as console:
            yield console, gateway


@pytest.fixture(scope="module")
def keys(database: Database) -> dict[str, str]:
    """A key's text for each scope."""
    made = {scope: f"dt_{scope}_{secrets.token_hex(16)}" for scope in ("predict", "jobs", "read", "admin")}
    with database.transaction() as session:
        for scope, key in made.items():
            session.add(
                ApiKey(id=key[:16], name=f"console {scope}", owner="console", sha256=hash_of(key), scopes=[scope])
            )
    return made


def log_in(console: Console, key: str, **headers: str) -> httpx.Response:
    return httpx.post(f"{console.url}/login", data={"key": key, "to": "/files"}, headers=headers)


def test_without_a_session_a_page_leads_to_the_log_in_and_everything_else_is_refused(
    guarded: tuple[Console, Gateway],
) -> None:
    console, _ = guarded
    page = httpx.get(f"{console.url}/files", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login?to=/files")
    assert httpx.get(f"{console.url}/files/1/result").status_code == 401
    assert httpx.get(f"{console.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling").status_code == 401
    assert httpx.get(f"{console.url}/livez").status_code == 200
    assert httpx.get(f"{console.url}/readyz").json()["status"] == "ready"


def test_a_wrong_key_is_refused(guarded: tuple[Console, Gateway]) -> None:
    console, _ = guarded
    refused = log_in(console, "dt_1_wrong")
    assert refused.status_code == 401
    assert "This key is not valid" in refused.text
    assert "set-cookie" not in refused.headers


def test_the_cookie_is_random_http_only_and_strict(guarded: tuple[Console, Gateway], keys: dict[str, str]) -> None:
    console, _ = guarded
    cookie = log_in(console, keys["jobs"]).headers["set-cookie"]
    assert keys["jobs"] not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert cookie != log_in(console, keys["jobs"]).headers["set-cookie"]


def test_another_site_can_neither_log_in_nor_open_a_socket(
    guarded: tuple[Console, Gateway], keys: dict[str, str]
) -> None:
    console, _ = guarded
    assert log_in(console, keys["jobs"], Origin="https://elsewhere.example").status_code == 403
    assert log_in(console, keys["jobs"], Origin="null").status_code == 403


def test_the_log_in_leads_nowhere_else(guarded: tuple[Console, Gateway], keys: dict[str, str]) -> None:
    console, _ = guarded
    for to in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"):
        answer = httpx.post(f"{console.url}/login", data={"key": keys["jobs"], "to": to})
        assert answer.headers["location"] == "/"


def test_what_a_key_may_not_do_is_not_offered(
    chromium: Browser, guarded: tuple[Console, Gateway], keys: dict[str, str]
) -> None:
    console, _ = guarded
    with visit(chromium, console.url) as seen:
        seen.page.goto(f"{console.url}/files")
        seen.page.get_by_label("API key").fill(keys["predict"])
        seen.page.get_by_role("button", name="Log in").click()
        expect(seen.page.get_by_text("it takes a key with the scope jobs")).to_be_visible()
        expect(seen.page.locator("input[type=file]")).to_have_count(0)
        seen.open("/ask")
        seen.page.get_by_role("button", name="Ask", exact=True).click()
        expect(seen.page.locator("pre")).to_contain_text("Authorization: Bearer $API_KEY")
        assert seen.faults == []
        seen.page.get_by_role("button", name="Log out").click()
        expect(seen.page.get_by_label("API key")).to_be_visible()
        seen.page.goto(f"{console.url}/ask")
        expect(seen.page.get_by_label("API key")).to_be_visible()
        # The page that was left may ask for its socket once more, and is refused.
        seen.faults[:] = [fault for fault in seen.faults if not fault.startswith(REFUSED_SOCKET)]


def test_a_key_that_reads_sees_everything_and_is_offered_nothing_to_do(
    chromium: Browser, guarded: tuple[Console, Gateway], keys: dict[str, str]
) -> None:
    console, gateway = guarded
    theirs = {"Authorization": f"Bearer {keys['read']}"}
    assert gateway.client.get("/batch-jobs", headers=theirs).status_code == 200
    assert gateway.client.get("/orders?at_risk=true", headers=theirs).status_code == 200
    for path in ("/delivery_time", "/batch-jobs", "/actuals"):
        assert gateway.client.post(path, headers=theirs, json={}).status_code == 403
    with visit(chromium, console.url) as seen:
        seen.page.goto(f"{console.url}/orders")
        seen.page.get_by_label("API key").fill(keys["read"])
        seen.page.get_by_role("button", name="Log in").click()
        expect(seen.page.get_by_role("button", name="Show the order")).to_be_visible()
        for path, missing in (("/ask", "predict"), ("/files", "jobs")):
            seen.open(path)
            expect(seen.page.get_by_text(f"it takes a key with the scope {missing}")).to_be_visible()
        expect(seen.page.get_by_role("heading", name="Jobs")).to_be_visible()
        seen.open("/models/1")
        expect(seen.page.get_by_text("it takes a key with the scope admin")).to_be_visible()
        expect(seen.page.get_by_role("button", name="Promote")).to_have_count(0)


def test_what_a_key_may_not_do_is_refused_by_the_server(guarded: tuple[Console, Gateway], keys: dict[str, str]) -> None:
    console, _ = guarded
    with httpx.Client(base_url=console.url) as client:
        client.post("/login", data={"key": keys["predict"]})
        refused = client.get("/files/0b2f1f0e-0000-4000-8000-000000000000/result")
    assert refused.status_code == 403
    assert "lacks the scope 'jobs'" in refused.text


def test_every_answer_carries_the_content_security_policy(console: Console) -> None:
    for path in ("/", "/livez", "/static/console.css"):
        policy = console.client.get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy


def test_a_name_that_is_not_the_consoles_is_not_answered(console: Console) -> None:
    assert console.client.get("/", headers={"Host": "rebound.example:8091"}).status_code == 421
