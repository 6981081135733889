"""The gateway behind a real nginx, under a path of its own. Not run, and said so, where there is no nginx."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from common.servers.objects import ObjectStore
from devstack.servers.ports import pick_free
from support.example import CSV, ORDER
from support.gateway_fixtures import Gateway, running_gateway
from support.stack_fixtures import placed
from support.waiting import wait_until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="NO NGINX HERE, SO NOTHING BEHIND A PROXY WAS TRIED: install it")

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream gateway {{ server 127.0.0.1:{gateway_port}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location /eta/ {{
      proxy_pass http://gateway{slash};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host shop.example;
      proxy_set_header X-Forwarded-Proto https;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def prefixed(gateway_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environment = {**gateway_env, "GATEWAY_PATH_PREFIX": "/eta"}
    with running_gateway(environment, tmp_path_factory.mktemp("prefixed")) as running:
        running.wait_ready()
        yield running


@pytest.fixture(scope="module", params=["/", ""], ids=["takes the prefix off", "leaves the prefix on"])
def proxy(request: pytest.FixtureRequest, prefixed: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An nginx in front of the gateway; the address under which it serves it."""
    folder, port = tmp_path_factory.mktemp("nginx"), pick_free()
    folder.chmod(0o777)
    gateway_port = prefixed.url.rpartition(":")[2]
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, gateway_port=gateway_port, slash=request.param))
    with subprocess.Popen([str(NGINX), "-c", file, "-p", folder], stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}/eta"
            wait_until(lambda: httpx.get(f"{url}/livez").is_success)
            yield url
        finally:
            process.terminate()


def test_predictions_pass(proxy: str) -> None:
    answer = httpx.post(f"{proxy}/delivery_time", json=ORDER)
    assert (answer.status_code, answer.json()["seller_known"]) == (200, True)
    assert httpx.head(f"{proxy}/model").status_code == 200


def test_the_documentation_stays_under_the_prefix(proxy: str) -> None:
    for path in ("", "/"):
        start = httpx.get(f"{proxy}{path or '/'}", follow_redirects=False)
        assert (start.status_code, start.headers["location"]) == (307, "/eta/docs")
    page = httpx.get(f"{proxy}/docs").text
    assert "'/eta/openapi.json'" in page or '"/eta/openapi.json"' in page
    assert httpx.get(urljoin(proxy, "/eta/docs/assets/swagger-ui.css")).status_code == 200
    assert "/eta/docs/assets/swagger-ui.css" in page
    assert httpx.get(f"{proxy}/openapi.json").json()["servers"] == [{"url": "/eta"}]


def test_redirects_keep_the_prefix_the_host_and_https(proxy: str) -> None:
    answer = httpx.get(f"{proxy}/docs/", follow_redirects=False)
    assert answer.headers["location"] == "https://shop.example/eta/docs"


def test_a_job_s_location_is_where_the_client_finds_it(proxy: str, store: ObjectStore) -> None:
    submitted = httpx.post(f"{proxy}/batch-jobs", json={"input_uri": placed(store, "proxied.csv", CSV)})
    location = submitted.headers["location"]
    assert location == f"/eta/batch-jobs/{submitted.json()['id']}"
    assert httpx.get(urljoin(proxy, location)).json()["id"] == submitted.json()["id"]
    httpx.post(urljoin(proxy, f"{location}/cancel"))


def test_problems_pass_as_they_are(proxy: str) -> None:
    answer = httpx.post(f"{proxy}/delivery_time", content=json.dumps({}), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
