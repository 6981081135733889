from pydantic import SecretStr

from common.database.tables import ApiKey
from console.access.sessions import COOKIE, Sessions
from console.access.visitor import LOCAL

KEY = ApiKey(id="1", name="shop", sha256="", scopes=["jobs"])


def test_a_valid_key_opens_a_session_that_its_cookie_finds() -> None:
    sessions = Sessions(lambda text: KEY if text == "dt_1" else None, hours=1, required=True)
    assert sessions.log_in("dt_2") is None
    cookie = sessions.log_in("dt_1")
    assert cookie is not None
    visitor = sessions.visitor({COOKIE: cookie})
    assert visitor is not None
    assert (visitor.name, visitor.key) == ("shop", SecretStr("dt_1"))
    assert visitor.may("jobs")
    assert not visitor.may("admin")
    assert sessions.visitor({COOKIE: cookie + "x"}) is None
    assert "dt_1" not in repr(visitor)


def test_logging_out_ends_the_session_for_pages_that_are_open() -> None:
    sessions = Sessions(lambda _: KEY, hours=1, required=True)
    cookie = sessions.log_in("dt_1")
    visitor = sessions.visitor({COOKIE: str(cookie)})
    assert visitor is not None
    assert sessions.holds(visitor)
    sessions.log_out(cookie)
    assert not sessions.holds(visitor)


def test_a_revoked_key_ends_its_sessions() -> None:
    valid = {"dt_1"}
    sessions = Sessions(lambda text: KEY if text in valid else None, hours=1, required=True)
    cookie = sessions.log_in("dt_1")
    sessions.refresh()
    assert sessions.visitor({COOKIE: str(cookie)}) is not None
    valid.clear()
    sessions.refresh()
    assert sessions.visitor({COOKIE: str(cookie)}) is None


def test_a_session_expires() -> None:
    sessions = Sessions(lambda _: KEY, hours=-1, required=True)
    assert sessions.visitor({COOKIE: str(sessions.log_in("dt_1"))}) is None


def test_where_no_log_in_is_required_everybody_is_local() -> None:
    sessions = Sessions(lambda _: None, hours=1, required=False)
    assert sessions.visitor({}) is LOCAL
    assert sessions.holds(LOCAL)
