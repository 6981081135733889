"""`make dashboards`: write grafana/ and the rules for Prometheus from the Python data; a test compares the two."""

import json
from pathlib import Path

from dashboards import (
    alerting,
    batch,
    data_drift,
    gateway,
    model_quality,
    prometheus_rules,
    provisioning,
    runbook,
    system,
)
from dashboards.dashboard import dashboard
from dashboards.runbook import Json

REPOSITORY = Path(__file__).parents[4]
ROOT = REPOSITORY / "grafana"

RULES = "deploy/kubernetes/components/prometheus/rules.yaml"


def dashboards() -> list[Json]:
    """Every dashboard."""
    panels = runbook.text_panels()
    pairs = [panels[start : start + 2] for start in range(0, len(panels), 2)]
    return [
        model_quality.build(),
        data_drift.build(),
        gateway.build(),
        batch.build(),
        system.build(),
        dashboard(runbook.UID, "Runbook", "What to do when an alert opens: docs/runbook.md.", pairs, refresh=""),
    ]


def files() -> dict[str, str]:
    """Path below grafana/ to content. Provisioning files are JSON, which is YAML too."""
    written = {f"dashboards/{board['uid']}.json": board for board in dashboards()} | {
        "provisioning/datasources/datasources.yaml": provisioning.data_sources(),
        "provisioning/dashboards/dashboards.yaml": provisioning.dashboard_provider(),
        "provisioning/alerting/rules.yaml": alerting.alert_rules(),
        "provisioning/alerting/contact-points.yaml": alerting.contact_points(),
        "provisioning/alerting/policies.yaml": alerting.policies(),
    }
    return {path: json.dumps(content, indent=1, ensure_ascii=False) + "\n" for path, content in written.items()}


def rules() -> str:
    """The content of RULES: a document for each manifest."""
    return "---\n".join(json.dumps(each, indent=1) + "\n" for each in prometheus_rules.manifests())


def main() -> None:
    """Write every file."""
    for path, content in {**{f"grafana/{path}": each for path, each in files().items()}, RULES: rules()}.items():
        target = REPOSITORY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


if __name__ == "__main__":
    main()
