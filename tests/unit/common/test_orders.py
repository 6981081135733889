"""Purchase times are kept on one clock."""

from datetime import UTC, datetime, timedelta, timezone

from common.orders.columns import Orders, naive_utc


def test_a_time_with_a_zone_is_turned_into_utc() -> None:
    brasilia = timezone(timedelta(hours=-3))
    assert naive_utc(datetime(2018, 3, 5, 22, 0, tzinfo=brasilia)) == datetime(2018, 3, 6, 1, 0)  # noqa: DTZ001


def test_a_time_without_zone_is_taken_as_it_is() -> None:
    moment = datetime(2018, 3, 5, 10, 0)  # noqa: DTZ001
    assert naive_utc(moment) == moment


def test_one_order_is_a_column_set_of_length_one() -> None:
    order = Orders.single(9350, -23.5, -46.5, datetime(2018, 3, 5, tzinfo=UTC))
    assert len(order) == 1
    assert str(order.purchase_timestamp[0]) == "2018-03-05T00:00:00"
