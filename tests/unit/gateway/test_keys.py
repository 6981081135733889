import pytest

from gateway.access.keys import Key, KeyRing, KeysUnknown, new_key


def test_a_key_is_found_by_its_text_and_kept_only_as_a_hash() -> None:
    key, text = new_key("shop", "shop", ["predict"])
    ring = KeyRing(lambda: [key])
    ring.refresh()
    assert ring.find(text) == key
    assert ring.find(text + "x") is None
    assert text not in repr(key)


def test_two_keys_never_share_their_text() -> None:
    assert new_key("a", "shop", ["predict"])[1] != new_key("a", "shop", ["predict"])[1]


def test_scopes_open_their_routes_and_admin_opens_all() -> None:
    predict, _ = new_key("a", "shop", ["predict"])
    admin, _ = new_key("b", "shop", ["admin"])
    assert (predict.opens("predict"), predict.opens("jobs")) == (True, False)
    assert (admin.opens("predict"), admin.opens("jobs")) == (True, True)


def test_before_the_first_refresh_nobody_is_told_that_a_key_is_wrong() -> None:
    ring = KeyRing(list)
    with pytest.raises(KeysUnknown, match="try again later"):
        ring.find("dt_x")
    with pytest.raises(KeysUnknown):
        ring.check_known()
    ring.refresh()
    ring.check_known()


def test_keys_stay_known_while_the_database_is_away() -> None:
    key, text = new_key("shop", "shop", ["predict"])
    answers = iter([[key]])

    def load() -> list[Key]:
        return next(answers)

    ring = KeyRing(load)
    ring.refresh()
    with pytest.raises(StopIteration):
        ring.refresh()
    assert ring.find(text) == key
