"""The places file: GeoNames' as it is, or a table with our names."""

import pytest

from common.orders.shop.read import read_shop
from support.shop_files import HEADER, ShopFolder, nowhere
from trainer.sources.errors import UnusableSource
from trainer.sources.orders.known_places import read_places
from trainer.sources.raw.open import Sources

GEONAMES = (
    'DE\t01067\tDresden "Mitte"\tSachsen\tSN\tDresden\t00\tKreis\t14612\t51.06\t13.72\t4\n'
    "DE\t01067\tDresden\tSachsen\tSN\tDresden\t00\tKreis\t14612\t51.04\t13.70\t4\n"
    "GB\tSW1A 1AA\tLondon\tEngland\tENG\t\t\t\t\t51.50\t-0.14\t6\n"
)


def places(made: ShopFolder, content: str) -> list[tuple[object, ...]]:
    made.orders(f"{HEADER},destination_postal_code\na,2020-03-02,2020-03-05,1067\nb,2020-03-02,,99999\n")
    made.orders(content, "places.txt")
    found = read_places(read_shop(made.shop(rest='[places]\nsource = "places.txt"')), Sources({}, nowhere))
    assert found is not None
    return found.rows()


def test_geonames_is_read_as_it_is_a_code_at_the_median_of_its_points(made: ShopFolder) -> None:
    assert places(made, GEONAMES) == [
        ("DE", "01067", pytest.approx(51.05), pytest.approx(13.71), "SN", 2), ("GB", "SW1A1AA", 51.5, -0.14, "ENG", 1)
    ]  # fmt: skip


def test_a_table_with_our_names_is_read_and_impossible_rows_are_not(made: ShopFolder) -> None:
    rows = "DEU;D-01067;51,05;13.7\nDE;10115;52.5;13.4\nXX;1;1;1\nDE;;1;1\nDE;5;95;1\n".replace("51,05", "51.05")
    assert places(made, "country;postal_code;lat;lng\n" + rows) == [
        ("DE", "10115", 52.5, 13.4, None, 1), ("DE", "D01067", 51.05, 13.7, None, 1)
    ]  # fmt: skip


def test_the_report_says_how_many_codes_it_knows(made: ShopFolder) -> None:
    places(made, GEONAMES)
    assert "places: 2 codes, 0 of the 2 in the orders among them" in made.build()[1].notes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("zip,lat,lng\n1,1,1\n", "lacks column"),
        ("country,postal_code,lat,lng\nXX,1,1,1\n", "holds no place: its columns"),
    ],
)
def test_what_is_no_places_file_is_refused(made: ShopFolder, content: str, said: str) -> None:
    with pytest.raises(UnusableSource, match=said):
        places(made, content)
