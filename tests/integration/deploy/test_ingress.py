"""What the world reaches of the gateway, and the certificate by which it does."""

from pathlib import Path

import yaml

from support.gateway_fixtures import Gateway

ROOT = Path(__file__).parents[3]
KUBERNETES = ROOT / "deploy/kubernetes"
TEXT = (KUBERNETES / "overlays/production/ingress.yaml").read_text()
INGRESS = next(yaml.safe_load_all(TEXT))
SOLVER = TEXT.partition("name: to-certificate-solver")[2]


def test_the_certificate_that_the_ingress_names_is_made_and_its_maker_gets_through() -> None:
    (issuer,) = INGRESS["metadata"]["annotations"].values()
    walk = (ROOT / "docs/aws.md").read_text()
    assert f"kind: ClusterIssuer\nmetadata: {{ name: {issuer} }}" in walk
    assert f"create secret tls {INGRESS['spec']['tls'][0]['secretName']} " in (ROOT / "docs/deploy.md").read_text()
    name = INGRESS["spec"]["ingressClassName"]
    assert f"ingressClassName: {name} " in walk
    assert f"--namespace {name} --create-namespace" in walk
    for text in (SOLVER, (KUBERNETES / "base/network.yaml").read_text()):
        assert f"kubernetes.io/metadata.name: {name} " in text


def test_the_world_reaches_every_documented_route_but_health_and_metrics(gateway: Gateway) -> None:
    (rule,) = INGRESS["spec"]["rules"]
    prefixes = [each["path"] for each in rule["http"]["paths"] if each["pathType"] == "Prefix"]

    def is_open(path: str) -> bool:
        return any(f"{path}/".startswith(f"{prefix}/") for prefix in prefixes)

    described = gateway.client.get("/openapi.json").json()["paths"]
    inside = {path for path, verbs in described.items() if any("health" in verb["tags"] for verb in verbs.values())}
    assert {path for path in (*described, "/docs", "/openapi.json") if not is_open(path)} == inside
    assert inside == {"/livez", "/readyz", "/metrics"}
