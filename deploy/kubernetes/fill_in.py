"""Fills in the production overlay from Terraform's outputs:

    terraform -chdir=deploy/terraform output -json |
      python3 deploy/kubernetes/fill_in.py --host eta.example.com --images ghcr.io/OWNER/REPOSITORY --tag v1.0.0

Writes what is committed (settings.env, roles.yaml, network.yaml, ingress.yaml, kustomization.yaml) and what never is
(secrets.env, mlflow.env, keys.env), with passwords for MLflow and a pair of keys by which models are signed. Needs
Python and openssl; a second call changes nothing.
"""

import argparse
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

OVERLAY = Path(__file__).parent / "overlays/production"
NEEDED = (
    *("region", "cidr", "bucket", "mlflow_bucket", "services_role", "mlflow_role"),
    *("database_host", "database_passwords", "queue_host", "queue_password"),
)
PASSWORD_OF = r"(?<=://{role}:)PASSWORD(?=@HOST:5432)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True, type=_name, help="name by which clients call the gateway")
    parser.add_argument("--images", required=True, help="where the images are, without their names")
    parser.add_argument("--tag", required=True, help="their tag")
    parser.add_argument("--overlay", type=Path, default=OVERLAY, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    outputs = _outputs()
    for path in fill_in(arguments.overlay, outputs, arguments.host, arguments.images.lower(), arguments.tag):
        print(path)


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text):
        raise argparse.ArgumentTypeError(
            f"must be a name such as eta.example.com, without scheme or path (got {text!r})"
        )
    return text


def _outputs() -> dict:
    """Terraform's outputs, of which none that is needed is missing: the overlay is filled in whole or not at all."""
    try:
        outputs = {name: each["value"] for name, each in json.load(sys.stdin).items()}
    except ValueError:
        sys.exit("fill_in: standard input must be what `terraform output -json` prints")
    if missing := [name for name in NEEDED if name not in outputs]:
        sys.exit(f"fill_in: Terraform has no output {', '.join(missing)}: run `terraform apply` first")
    return outputs


def fill_in(overlay: Path, outputs: dict, host: str, images: str, tag: str) -> list[Path]:
    """The files that were written."""
    region = outputs["region"]
    changed = {
        "settings.env": {
            r"^OBJECT_STORE_ENDPOINT=.*$": f"OBJECT_STORE_ENDPOINT=https://s3.{region}.amazonaws.com",
            r"^OBJECT_STORE_REGION=.*$": f"OBJECT_STORE_REGION={region}",
            r"^OBJECT_STORE_BUCKET=.*$": f"OBJECT_STORE_BUCKET={outputs['bucket']}",
            r"^MLFLOW_ARTIFACTS=.*$": f"MLFLOW_ARTIFACTS=s3://{outputs['mlflow_bucket']}",
            r"^GATEWAY_TRUSTED_PROXIES=.*$": f"GATEWAY_TRUSTED_PROXIES={outputs['cidr']}",
        },
        "roles.yaml": {r"arn:aws:iam::\d+:role/[\w-]+-(services|mlflow)": lambda found: outputs[f"{found[1]}_role"]},
        "network.yaml": {r"(?<=cidr: )[\d./]+": outputs["cidr"]},
        "ingress.yaml": {r"(?<=host: ).*$|(?<=hosts: \[)[^]]*": host},
        "kustomization.yaml": {
            r"newName: .*/(\w+), newTag: .* \}": lambda found: f"newName: {images}/{found[1]}, newTag: {tag} }}"
        },
    }
    for name, places in changed.items():
        text = (overlay / name).read_text()
        for place, value in places.items():
            text = re.sub(place, value if callable(value) else lambda _, value=value: value, text, flags=re.M)
        (overlay / name).write_text(text)
    return [overlay / name for name in changed] + _secrets(overlay, outputs)


def _secrets(overlay: Path, outputs: dict) -> list[Path]:
    """Made of their examples, readable by their owner alone. One that is there keeps what else was written into it."""
    written = []
    for example in sorted(overlay.glob("*.env.example")):
        path = example.with_suffix("")
        text = (path if path.exists() else example).read_text()
        for role, password in outputs["database_passwords"].items():
            text = re.sub(PASSWORD_OF.format(role=role), lambda _, password=password: password, text)
        text = text.replace("@HOST:5432", f"@{outputs['database_host']}:5432")
        text = text.replace(":PASSWORD@HOST:6379", f":{outputs['queue_password']}@{outputs['queue_host']}:6379")
        path.touch(mode=0o600)
        path.write_text(text)
        written.append(path)
    _fill(overlay / "mlflow.env", r"^(MLFLOW_\w+)=PASSWORD$", lambda found: f"{found[1]}={secrets.token_hex(24)}")
    passwords = dict(re.findall(r"^MLFLOW_(\w+)_PASSWORD=(.*)$", (overlay / "mlflow.env").read_text(), re.M))
    _fill(
        overlay / "keys.env",
        r"(?<=//)(admin|reader):PASSWORD(?=@mlflow)",
        lambda found: f"{found[1]}:{passwords[found[1].upper()]}",
    )
    private, public = _signing_keys()
    if _fill(overlay / "keys.env", r"^TRAINER_SIGNING_KEY=$", f"TRAINER_SIGNING_KEY={private}"):
        _fill(overlay / "settings.env", r"^REGISTRY_TRUSTED_KEYS=.*$", f"REGISTRY_TRUSTED_KEYS={public}")
    return written


def _fill(path: Path, place: str, value: str | Callable[[re.Match[str]], str]) -> int:
    """How many places were filled in."""
    text, count = re.subn(place, value, path.read_text(), flags=re.M)
    path.write_text(text)
    return count


def _signing_keys() -> tuple[str, str]:
    """A private key and its public one, as `trainer signing-key` prints them."""
    made = ["openssl", "genpkey", "-algorithm", "ed25519", "-outform", "DER"]
    of_it = ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"]
    private = subprocess.run(made, capture_output=True, check=True).stdout
    public = subprocess.run(of_it, input=private, capture_output=True, check=True).stdout
    return private[-32:].hex(), public[-32:].hex()


if __name__ == "__main__":
    main()
