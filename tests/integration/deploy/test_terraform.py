"""The Terraform files parse, and name nothing that they do not declare. Never planned or applied here."""

import json
import re
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "deploy/terraform"
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.tf"))}


def parsed(name: str) -> dict[str, Any]:
    with FILES[name].open() as file:
        return dict(hcl2.load(file))


def declared(kind: str) -> set[str]:
    """`type.name` of every block of a kind, or `name` of the blocks with one label."""
    found = set()
    for name in FILES:
        for block in parsed(name).get(kind, []):
            for first, body in block.items():
                label = first.strip('"')
                if kind in ("resource", "data"):
                    found |= {f"{label}.{second.strip(chr(34))}" for second in body}
                else:
                    found.add(label)
    return found


TEXT = "\n".join(re.sub(r"#.*", "", path.read_text()) for path in FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_a_file_parses(name: str) -> None:
    assert parsed(name)


def test_every_variable_is_declared_described_and_used() -> None:
    used = set(re.findall(r"\bvar\.(\w+)", TEXT))
    assert used == declared("variable")
    assert TEXT.count("description = ") >= len(used)


def test_every_resource_that_is_named_is_declared() -> None:
    named = set(re.findall(r"(?<![\w.\"])((?:aws|random)_\w+\.\w+)", TEXT))
    assert named <= declared("resource") | {name.removeprefix("data.") for name in declared("data")}
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", TEXT)) <= declared("data")


def test_a_role_may_touch_the_objects_of_one_bucket_and_nothing_else() -> None:
    roles = FILES["roles"].read_text()
    actions = set(re.findall(r'"(\w+:\w+)"', roles))
    assert {action for action in actions if not action.startswith("s3:")} == {"sts:AssumeRoleWithWebIdentity"}
    assert '"*"' not in roles
    assert "s3:*" not in roles


def test_who_makes_the_cluster_may_use_it_and_others_are_let_in_by_name() -> None:
    cluster = FILES["cluster"].read_text()
    assert re.search(r"bootstrap_cluster_creator_admin_permissions\s*= true", cluster)
    entry = block("aws_eks_access_entry.admin")
    assert "var.admin_arns" in entry
    assert "aws_iam_role.release" in entry
    assert "each.value.principal_arn" in block("aws_eks_access_policy_association.admin")


def test_the_network_add_on_takes_the_place_of_a_new_cluster_s_own() -> None:
    addon = block("aws_eks_addon.network")
    assert "enableNetworkPolicy" in addon
    assert re.findall(r"resolve_conflicts_on_(\w+)\s*= \"OVERWRITE\"", addon) == ["create", "update"]


def test_the_release_workflow_is_known_by_repository_and_environment_and_may_only_find_the_cluster() -> None:
    release = FILES["release"].read_text()
    assert '"repo:${var.release_repository}:environment:production"' in release
    assert set(re.findall(r'"(\w+:\w+)"', release)) == {"sts:AssumeRoleWithWebIdentity", "eks:DescribeCluster"}


def test_names_of_buckets_are_one_account_s_and_old_objects_go() -> None:
    storage = FILES["storage"].read_text()
    assert "data.aws_caller_identity.here.account_id" in block("aws_s3_bucket.main")
    for prefix in ("results", "reports"):
        assert re.search(rf"for_each = {{.*\b{prefix} = var\.", storage), prefix
    assert "noncurrent_version_expiration" in block("aws_s3_bucket_lifecycle_configuration.mlflow")


def test_each_role_of_the_database_has_a_password_of_its_own() -> None:
    script = (FOLDER.parent / "compose/postgres-roles.sh").read_text()
    roles = re.findall(r"^role (\w+) ", script, re.M)
    assert sorted(roles) == sorted(re.findall(r'"(\w+)"', block("random_password.database")))


NODES_GIVE = {"xlarge": 3_920, "2xlarge": 7_910}
"""Thousandths of a CPU that a node has for pods (EKS keeps 80 to 90 for itself)."""

IMAGES_GIB, SCRATCH_GIB = 4.5, 40
"""Of one release, unpacked; and what the largest pods of a node may write (sizeLimit of their volumes)."""

OTHERS_ASK = 1_000 + 500
"""EKS's own pods on three nodes, and KEDA, an ingress controller and a metrics server."""


def test_the_nodes_carry_all_that_runs_a_training_and_a_roll_out_while_one_of_them_is_away() -> None:
    (sizes,) = re.findall(r"default\s*= \[(.*)\]", block("var.node_types"))
    (fewest,) = re.findall(r"default\s*= (\d+)", block("var.fewest_nodes"))
    smallest = min(NODES_GIVE[size] for size in re.findall(r'"\w+\.(\w+)"', sizes))
    requests = cpu_requests()
    assert requests["trainer"] <= smallest / 2
    assert sum(requests.values()) + requests["gateway"] / 2 + OTHERS_ASK <= (int(fewest) - 1) * smallest


def test_a_node_s_disk_holds_the_images_of_two_releases_and_the_scratch_space_of_its_pods() -> None:
    (size,) = map(int, re.findall(r"disk_size\s*= (\d+)", block("aws_eks_node_group.main")))
    assert size >= 2 * IMAGES_GIB + SCRATCH_GIB


def cpu_requests() -> dict[str, int]:
    """What the fewest pods of each kind ask for together, in thousandths of a CPU."""
    fewest = {"gateway": 2}
    asked: dict[str, int] = {}
    for path in (FOLDER.parent / "kubernetes/base").glob("*.yaml"):
        for found in yaml.safe_load_all(path.read_text()):
            pod = found.get("spec", {}).get("jobTemplate", found).get("spec", {}).get("template")
            if pod:
                app = pod["metadata"]["labels"]["app"]
                cpu = max(
                    millicores(each["resources"]["requests"]["cpu"])
                    for each in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
                )
                asked[app] = fewest.get(app, 1) * cpu
    return asked


def millicores(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(text) * 1_000


def block(name: str) -> str:
    """The text of a resource, or of a variable (`var.name`)."""
    kind, _, label = name.partition(".")
    opening = f'variable "{label}"' if kind == "var" else f'resource "{kind}" "{label}"'
    _, _, rest = TEXT.partition(opening)
    return rest.partition("\n}\n")[0]


def test_stores_are_private_and_encrypted() -> None:
    servers, storage = (json.dumps(parsed(name)) for name in ("servers", "storage"))
    for wanted in ('"publicly_accessible": false', '"storage_encrypted": true', '"transit_encryption_enabled": true'):
        assert wanted in servers
    assert storage.count('"restrict_public_buckets": true') == 1
    assert "aws:SecureTransport" in storage
