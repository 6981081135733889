"""Orders out of a database: read in pieces, nothing written, no password shown."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, make_url, text

from common.errors import DeliveryTimeError
from devstack.servers.ports import pick_free
from support.shop_files import ShopFolder
from trainer.sources.errors import SourceAway, UnusableSource
from trainer.sources.raw import database

TABLE = """
CREATE TABLE shop_orders (
    order_id bigint, bought timestamptz, came timestamp, lat numeric, note jsonb
)
"""
ROWS = """
INSERT INTO shop_orders SELECT n, timestamptz '2020-03-02 10:00+00' + n * interval '1 hour',
    timestamp '2020-03-05 10:00' + n * interval '1 hour', 52.5, '{}' FROM generate_series(1, 1000) n
"""
QUERY = "SELECT order_id, bought AS purchase_timestamp, came AS delivered_timestamp, note FROM shop_orders ORDER BY 1"


@pytest.fixture(scope="module")
def address(postgres_url: str) -> Iterator[str]:
    """The address of a database with a thousand orders."""
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(TABLE))
        connection.execute(text(ROWS))
    yield postgres_url
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE shop_orders"))
    engine.dispose()


@pytest.fixture
def shop(made: ShopFolder, address: str) -> ShopFolder:
    """A shop file that reads them; the password stands in the environment."""
    password = make_url(address).password or ""
    made.environment = {"SHOP_DB": password}
    plain = address.replace("postgresql+psycopg2:", "postgresql:")  # as people write it
    made.shop(f"query = '''{QUERY}'''", source=plain.replace(f":{password}@", ":${SHOP_DB}@"))
    return made


def with_query(shop: ShopFolder, query: str) -> None:
    path = shop.folder / "shop.toml"
    path.write_text(path.read_text().replace(QUERY, query))


def test_a_query_is_read_in_pieces_and_its_types_are_kept(shop: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PIECE_ROWS", 300)
    orders, report = shop.build()
    assert (report.read, orders["order_id"][0], orders["order_id"][-1]) == (1000, "1", "1000")
    assert orders["purchase_timestamp"][0] == datetime(2020, 3, 2, 11, tzinfo=UTC)
    assert report.median_days == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM shop_orders RETURNING *", "the query must read (SELECT …): nothing is ever written to a shop's"),
        (
            "WITH gone AS (DELETE FROM shop_orders RETURNING *) SELECT * FROM gone",
            "the query writes, which is refused: ",
        ),
        ("SELECT setval('counter', 1)", "the query writes, which is refused: "),
        ("SELECT * FROM no_such_table", 'the database refuses the query: relation "no_such_table" does not exist'),
        ("SELECT 1; COMMIT; DROP TABLE shop_orders", "the query writes, which is refused: "),
    ],
)
def test_a_query_that_writes_or_fails_is_one_line(shop: ShopFolder, address: str, query: str, said: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE IF NOT EXISTS counter"))
    with_query(shop, query)
    with pytest.raises(UnusableSource) as caught:
        shop.build()
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM shop_orders")).scalar_one() == 1000
    engine.dispose()


def test_a_database_that_is_away_or_refuses_is_one_line_without_the_password(shop: ShopFolder, address: str) -> None:
    path = shop.folder / "shop.toml"
    right, password = path.read_text(), shop.environment["SHOP_DB"]
    said = []
    path.write_text(right.replace(f":{make_url(address).port}/", f":{pick_free()}/"))
    with pytest.raises(SourceAway) as away:
        shop.build()
    said.append(str(away.value))
    path.write_text(right)
    shop.environment["SHOP_DB"] = "wrong-secret"
    with pytest.raises(DeliveryTimeError) as refused:
        shop.build()
    said.append(str(refused.value))
    assert "password authentication failed" in said[1]
    for line in said:
        assert len(line.splitlines()) == 1
        assert "${SHOP_DB}" in line
        assert password not in line
        assert "wrong-secret" not in line


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("oracle+nodriver://db/x", "has no driver here"),
        ("postgresql://:x:y:z", "is no database's address: write postgresql://user@host/name"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(made: ShopFolder, source: str, said: str) -> None:
    made.shop('query = "SELECT 1"', source=source)
    with pytest.raises(UnusableSource, match=said):
        made.build()


def test_sqlite_is_read_as_well_and_not_written(made: ShopFolder) -> None:
    engine = create_engine(f"sqlite:///{made.folder}/shop.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE o (order_id text, purchase_timestamp text, delivered_timestamp text)"))
        connection.execute(text("INSERT INTO o VALUES ('a:b', '2020-03-02 10:00', '2020-03-05 10:00')"))
    engine.dispose()
    made.shop("query = \"SELECT * FROM o WHERE order_id = 'a:b'\"", source=f"sqlite:///{made.folder}/shop.db")
    assert made.build()[0]["order_id"].to_list() == ["a:b"]
