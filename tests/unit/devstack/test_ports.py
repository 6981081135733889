import socket

import pytest

from devstack.errors import PortTaken
from devstack.servers.ports import Port, is_free, pick_free, require_free


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104  # taken on every interface is taken too
def test_a_port_that_someone_listens_on_is_taken(address: str) -> None:
    with socket.socket() as listener:
        listener.bind((address, 0))
        listener.listen()
        assert not is_free(listener.getsockname()[1])


def test_the_message_names_the_port_the_role_and_the_variable_to_set() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        with pytest.raises(PortTaken) as raised:
            require_free([Port(pick_free(), "queue", "VALKEY_PORT"), Port(number, "object store", "S3_PORT")])
    assert str(raised.value) == f"port {number} is taken (object store): set S3_PORT to another"


def test_two_servers_cannot_share_a_port() -> None:
    number = pick_free()
    with pytest.raises(PortTaken, match="MLFLOW_PORT"):
        require_free([Port(number, "gateway", "GATEWAY_PORT"), Port(number, "MLflow", "MLFLOW_PORT")])


def test_a_picked_port_is_free_with_its_second_and_out_of_reach_of_outgoing_connections() -> None:
    number = pick_free()
    assert is_free(number)
    assert is_free(number + 10_000)
    assert 10_240 <= number < number + 10_000 < 32_768
