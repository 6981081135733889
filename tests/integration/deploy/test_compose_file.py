"""The compose file keeps its word, read without Docker."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.database.access import roles
from devstack.servers import seaweedfs
from devstack.settings import StackSettings
from devstack.stack import Stack

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if "build" in service}
UPSTREAM = {name: service for name, service in SERVICES.items() if "build" not in service}
FOR_PEOPLE = {"gateway", "console", "mlflow", "seaweedfs", "prometheus", "grafana", "jupyter", "flower", "adminer"}


def test_settings_have_the_same_names_as_in_the_embedded_stack(tmp_path: Path) -> None:
    embedded = set(Stack(StackSettings(stack_dir=tmp_path)).environment)
    given_by_the_image = {"GATEWAY_HOST", "GATEWAY_PORT"}
    assert embedded - given_by_the_image <= {*COMPOSE["x-settings"], *SERVICES["trainer"]["environment"]}
    dockerfile = (ROOT / "services/gateway/Dockerfile").read_text()
    assert all(f"{name}=" in dockerfile for name in given_by_the_image)


def test_every_secret_stops_with_what_to_run_and_make_env_writes_it() -> None:
    required = set(re.findall(r"\$\{(\w+):\?run `make env` first\}", TEXT))
    made = re.findall(r"^(?:SECRETS|SIGNING) := ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert required == set(" ".join(made).replace("\\\n", " ").split())
    assert not [name for name in re.findall(r"\$\{(\w+)\}", TEXT) if name not in required]


@pytest.mark.parametrize("name", UPSTREAM)
def test_an_image_of_others_is_pinned_to_a_version(name: str) -> None:
    assert re.search(r":v?\d+\.\d+", UPSTREAM[name]["image"]), UPSTREAM[name]["image"]


ONE_SHOT = ("migrate", "mlflow-migrate", "roles", "certificates")
USE_OBJECTS = {"gateway", "console", "scorer", "monitor", "trainer", "retrainer", "mlflow", "jupyter"}


@pytest.mark.parametrize("name", sorted(OWN.keys() - {"gateway-champion"}))
def test_a_service_of_ours_runs_with_the_least_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"gateway-champion"}))
def test_a_service_has_a_limit_a_log_limit_and_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == "unless-stopped" or name in (*ONE_SHOT, "trainer")
    assert "privileged" not in service


def test_only_what_people_use_is_published_on_loopback_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == FOR_PEOPLE
    elsewhere = {"gateway": "${GATEWAY_BIND_ADDRESS:-127.0.0.1}:", "seaweedfs": "${S3_BIND_ADDRESS:-127.0.0.1}:"}
    for name, ports in published.items():
        assert all(port.startswith(elsewhere.get(name, "127.0.0.1:")) for port in ports)
    published_on = SERVICES["gateway"]["environment"]["GATEWAY_PUBLISHED_ON"]
    assert published["gateway"][0].startswith(f"{published_on}:")
    assert COMPOSE["networks"]["servers"]["internal"] is True
    assert COMPOSE["networks"]["objects"]["internal"] is True
    inside = {name for name, service in SERVICES.items() if "servers" in service.get("networks", ())}
    assert inside == SERVICES.keys() - {"gateway-champion", "seaweedfs", "certificates"}


def test_the_object_store_is_reached_by_those_alone_who_use_it() -> None:
    beside = {name for name, service in SERVICES.items() if {"objects", "store"} & {*service.get("networks", ())}}
    assert beside == USE_OBJECTS | {"seaweedfs"}
    assert "-disableHttp" in SERVICES["seaweedfs"]["command"]
    parts = re.findall(r"^\[grpc\.(\w+)\]$", COMPOSE["configs"]["s3-signing"]["content"], re.M)
    assert set(parts) == set(seaweedfs.CERTIFIED)
    mounted = {name for name, each in SERVICES.items() if "certificates:" in str(each.get("volumes"))}
    assert mounted == {"certificates", "seaweedfs"}


def test_each_service_has_its_own_role_and_the_trainer_alone_signs() -> None:
    environments = {name: service.get("environment", {}) for name, service in SERVICES.items()}
    for name, service in {"retrainer": "trainer", **{service: service for service in roles.SERVICES}}.items():
        assert f"//{roles.role(service)}:" in environments[name]["DATABASE_URL"], name
    assert {name for name, given in environments.items() if "TRAINER_SIGNING_KEY" in given} == {"trainer", "retrainer"}
    for name in ("gateway", "scorer", "jupyter"):
        assert environments[name]["REGISTRY_URL"].startswith("http://reader:"), name


def test_every_documented_setting_can_be_given_to_our_services_in_a_file() -> None:
    for name in OWN.keys() - {"gateway-champion"}:
        assert SERVICES[name]["env_file"] == [{"path": "settings.env", "required": False}], name
    assert "/settings.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_monitor_reaches_those_whom_it_tells_of_alerts() -> None:
    assert "edge" in SERVICES["monitor"]["networks"]


def test_the_standing_retrainer_has_the_orders_that_the_first_training_had() -> None:
    trainer, retrainer = SERVICES["trainer"], SERVICES["retrainer"]
    for name in ("OLIST_DIR", "SHOP_FILE"):
        assert trainer["environment"][name] == retrainer["environment"][name]
    orders = [volume for volume in trainer["volumes"] if volume.endswith(":ro")]
    assert len(orders) == 2
    assert set(orders) <= set(retrainer["volumes"])


def test_dependencies_are_waited_for_by_their_health() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            one_shot = needed in ONE_SHOT
            wanted = "service_completed_successfully" if one_shot else "service_healthy"
            assert how["condition"] == wanted, (name, needed)
            assert one_shot or "healthcheck" in SERVICES[needed] or "HEALTHCHECK" in dockerfile(needed)


def dockerfile(service: str) -> str:
    return (ROOT / SERVICES[service]["build"]["dockerfile"]).read_text()


def test_mounted_files_are_in_the_repository() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (ROOT / source).exists(), volume
