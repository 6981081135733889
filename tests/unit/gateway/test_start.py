"""When a gateway begins to listen."""

import threading
import time

import httpx

from common.model.bundle import Bundle
from gateway.periodic import Periodic
from support.stand_ins.gateway import gateway_in_process


def test_it_listens_when_its_models_and_keys_have_been_looked_up(sample_bundle: Bundle) -> None:
    looked = threading.Event()

    def look() -> None:
        time.sleep(0.3)
        looked.set()

    with gateway_in_process(sample_bundle, background=[Periodic("look", look, seconds=60)]):
        assert looked.is_set()


def test_a_look_up_without_end_does_not_keep_it_from_listening(sample_bundle: Bundle) -> None:
    never = threading.Event()
    with gateway_in_process(sample_bundle, background=[Periodic("never", never.wait, seconds=60)]) as gateway:
        assert httpx.get(f"http://127.0.0.1:{gateway.port}/livez").status_code == 200
    never.set()
