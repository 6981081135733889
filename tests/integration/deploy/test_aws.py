"""docs/aws.md names only what is there, and what fills in the overlay leaves nothing open."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from common.servers.signatures import SigningKey
from support.kubernetes.database import ROLES
from support.kubernetes.manifests import FOLDER, PRODUCTION, rendered

ROOT = Path(__file__).parents[3]
WALK = (ROOT / "docs/aws.md").read_text()
COMMANDS = "\n".join(re.findall(r"^```bash\n(.*?)^```", WALK, re.S | re.M))
STEPS = re.split(r"^## (?=\d+\. )", WALK.partition("\n## What was checked")[0], flags=re.M)[1:]
RELEASE = (ROOT / ".github/workflows/release.yml").read_text()

PASSWORDS = {role: f"password-of-{role}" for role in ROLES}
KEY_FILES = ("keys.env", "settings.env")
OUTPUTS = {
    "region": "eu-west-1",
    "cidr": "10.40.0.0/16",
    "bucket": "delivery-time-production-1-eu-west-1",
    "mlflow_bucket": "delivery-time-production-mlflow-1-eu-west-1",
    "services_role": "arn:aws:iam::111122223333:role/delivery-time-production-services",
    "mlflow_role": "arn:aws:iam::111122223333:role/delivery-time-production-mlflow",
    "database_host": "db.example.net",
    "queue_host": "queue.example.net",
    "queue_password": "s3cret",
    "database_passwords": PASSWORDS,
}
PLACEHOLDERS = re.compile(r"(?<!_)PASSWORD|HOST|example\.com|/owner/|0{12}|sa-east-1|10\.20\.|v0\.1\.0")


def outputs() -> set[str]:
    return set(re.findall(r'^output "(\w+)"', (ROOT / "deploy/terraform/outputs.tf").read_text(), re.M))


def test_the_steps_are_numbered_and_each_says_what_is_seen() -> None:
    assert [int(step.partition(".")[0]) for step in STEPS] == list(range(1, len(STEPS) + 1))
    for step in STEPS:
        assert "```bash\n" in step
        assert re.search(r"^```\n[^`]+^```", step, re.M), step.splitlines()[0]
    assert "(aws.md)" in (ROOT / "docs/deploy.md").read_text()


def test_every_variable_is_set_before_it_is_used() -> None:
    known = {"1", "image"}
    for line in COMMANDS.splitlines():
        known |= set(re.findall(r"^(\w+)=" if not line.startswith("export ") else r"\b([A-Z_]+)=", line))
        used = set(re.findall(r"\$\{?(\w+)", line.replace("'{", "")))
        assert used <= known, line


def test_outputs_files_and_scripts_that_it_names_are_there() -> None:
    named = set(re.findall(r"output (?:-raw |-json )?\"?(\w+)", COMMANDS)) - {"text", "jsonpath", "json"}
    assert named <= outputs() | {"raw"}, named - outputs()
    assert set(OUTPUTS) <= outputs()
    for path in re.findall(r"deploy/[\w./-]*\w", COMMANDS):
        is_made_here = path.endswith((".tfvars", "secrets.env", "mlflow.env", "keys.env"))
        assert (ROOT / path).exists() or is_made_here, path


def test_what_is_run_in_a_pod_is_in_its_image() -> None:
    text = WALK + (ROOT / "docs/deploy.md").read_text()
    run = set(re.findall(r"exec deployment/(\w+) -- (\S+ \S+ \S+)", text))
    assert len(run) > 1
    for pod, command in run:
        service = {"retrainer": "trainer"}.get(pod, pod)
        assert command == f"python -m {service}.cli"


def test_the_roles_script_gets_each_password_that_it_asks_for() -> None:
    script = (ROOT / "deploy/compose/postgres-roles.sh").read_text()
    step = next(step for step in STEPS if "postgres-roles.sh" in step)
    given = dict(re.findall(r'--env=(\w*PASSWORD)="\$\(password (\w+)\)"', step))
    assert set(given) == set(re.findall(r"\$\{?(\w*PASSWORD)", script))
    assert set(given.values()) == set(ROLES)
    assert "--env=POSTGRES_USER=" in step


def test_the_release_is_given_every_variable_and_secret_that_it_reads() -> None:
    wanted = set(re.findall(r"\{\{ (?:vars|secrets)\.(\w+)", RELEASE)) - {"GITHUB_TOKEN"}
    assert set(re.findall(r"gh (?:variable|secret) set (\w+) --env production", COMMANDS)) == wanted


def test_the_images_that_it_builds_are_those_that_a_release_pushes() -> None:
    (loop,) = re.findall(r"for image in ([a-z ]+); do\n  docker build", COMMANDS)
    matrix = yaml.safe_load(RELEASE)["jobs"]["push"]["strategy"]["matrix"]["include"]
    assert {*loop.split()} == {entry["image"] for entry in matrix}


def filled_in(folder: Path, given: dict[str, object]) -> Path:
    """The overlay after `fill_in.py`, as somebody runs it."""
    overlay = shutil.copytree(FOLDER, folder / "kubernetes") / PRODUCTION
    script = [sys.executable, FOLDER / "fill_in.py", "--overlay", overlay]
    chosen = ["--host", "eta.shop.example", "--images", "ghcr.io/Us/Eta", "--tag", "v2.0.0"]
    told = json.dumps({name: {"value": value} for name, value in given.items()})
    subprocess.run([*script, *chosen], input=told, capture_output=True, text=True, check=True)
    return overlay


def test_what_fills_in_the_overlay_leaves_nothing_open(tmp_path: Path) -> None:
    overlay = filled_in(tmp_path, OUTPUTS)
    for path in overlay.iterdir():
        if not path.name.endswith(".example"):
            text = "\n".join(re.sub(r"#.*", "", line) for line in path.read_text().splitlines())
            assert not PLACEHOLDERS.findall(text), path.name
    text = (overlay / "secrets.env").read_text()
    assert "delivery_time:password-of-delivery_time@db.example.net:5432" in text
    assert ":s3cret@queue.example.net:6379" in text
    assert (overlay / "secrets.env").stat().st_mode & 0o077 == 0
    keys, settings = (dict(re.findall(r"^(\w+)=(.*)$", (overlay / name).read_text(), re.M)) for name in KEY_FILES)
    assert SigningKey(keys["TRAINER_SIGNING_KEY"]).public == settings["REGISTRY_TRUSTED_KEYS"]
    admin = re.search(r"//admin:(.+)@mlflow", keys["REGISTRY_WRITER_URL"])
    assert admin
    assert f"MLFLOW_ADMIN_PASSWORD={admin[1]}" in (overlay / "mlflow.env").read_text().splitlines()


def test_filling_it_in_again_keeps_what_was_written_into_the_secrets(tmp_path: Path) -> None:
    overlay = filled_in(tmp_path / "first", OUTPUTS)
    secrets = (
        (overlay / "secrets.env").read_text().replace("MONITOR_WEBHOOK_URL=", "MONITOR_WEBHOOK_URL=https://us.example")
    )
    before = {path.name: path.read_text() for path in overlay.iterdir()} | {"secrets.env": secrets}
    (overlay / "secrets.env").write_text(secrets)
    told = json.dumps({name: {"value": value} for name, value in OUTPUTS.items()})
    command = [sys.executable, FOLDER / "fill_in.py", "--overlay", overlay, "--host", "eta.shop.example"]
    command += ["--images", "ghcr.io/us/eta", "--tag", "v2.0.0"]
    subprocess.run(command, input=told, capture_output=True, text=True, check=True)
    assert {path.name: path.read_text() for path in overlay.iterdir()} == before


@pytest.mark.parametrize(
    ("told", "host", "said"),
    [
        ("", "eta.shop.example", "`terraform output -json`"),
        ("{}", "eta.shop.example", "no output region"),
        (json.dumps({name: {"value": ""} for name in OUTPUTS if name != "queue_host"}), "a.example", "queue_host"),
        ("{}", "https://eta.shop.example", "without scheme"),
    ],
)
def test_what_fills_in_says_what_is_missing_and_has_changed_nothing(
    tmp_path: Path, told: str, host: str, said: str
) -> None:
    overlay = shutil.copytree(FOLDER, tmp_path / "kubernetes") / PRODUCTION
    before = {path.name: path.read_text() for path in overlay.iterdir()}
    command = [
        sys.executable,
        FOLDER / "fill_in.py",
        "--overlay",
        overlay,
        "--host",
        host,
        "--images",
        "i",
        "--tag",
        "t",
    ]
    done = subprocess.run(command, input=told, capture_output=True, text=True)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_text() for path in overlay.iterdir()} == before


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="NOT RUN: needs kubectl")
def test_the_filled_in_overlay_renders_with_our_images_roles_host_and_network(tmp_path: Path) -> None:
    manifests = rendered(filled_in(tmp_path, OUTPUTS))
    images = {container["image"] for pod in manifests.pods.values() for container in pod["spec"]["containers"]}
    assert all(image.startswith("ghcr.io/us/eta/") and image.endswith(":v2.0.0") for image in images)
    for account in ("services", "mlflow"):
        notes = manifests.named("ServiceAccount", account)["metadata"]["annotations"]
        assert notes["eks.amazonaws.com/role-arn"] == OUTPUTS[f"{account}_role"]
    ingress = manifests.named("Ingress", "gateway")["spec"]
    assert ingress["rules"][0]["host"] == ingress["tls"][0]["hosts"][0] == "eta.shop.example"
    for policy in ("to-database", "to-queue"):
        assert OUTPUTS["cidr"] in str(manifests.named("NetworkPolicy", policy)["spec"])


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="NOT RUN: needs kubectl")
def test_the_line_for_prometheus_brings_its_rules(tmp_path: Path) -> None:
    overlay = filled_in(tmp_path, OUTPUTS)
    path = overlay / "kustomization.yaml"
    path.write_text(path.read_text().replace("# components:", "components:"))
    manifests = rendered(overlay)
    rule = manifests.named("PrometheusRule", "delivery-time")
    assert rule["metadata"]["namespace"] == "delivery-time"
    scraped = {each["spec"]["selector"]["matchLabels"]["app"] for each in manifests.of_kind("PodMonitor")}
    assert scraped == {"gateway", "scorer", "monitor", "retrainer"}


@pytest.mark.parametrize("kept", ["example.com", "filled in"])
def test_a_release_refuses_an_overlay_that_was_never_filled_in(tmp_path: Path, kept: str) -> None:
    steps = yaml.safe_load(RELEASE)["jobs"]["deploy"]["steps"]
    (step,) = (step for step in steps if step.get("name") == "The overlay is filled in")
    overlay = filled_in(tmp_path, OUTPUTS)
    if kept == "example.com":
        shutil.copy(FOLDER / PRODUCTION / "ingress.yaml", overlay)
    done = subprocess.run(["bash", "-c", step["run"]], cwd=overlay, capture_output=True, text=True)
    assert (done.returncode == 0) == (kept == "filled in"), done.stdout
    assert (kept in done.stdout) == (kept == "example.com")
