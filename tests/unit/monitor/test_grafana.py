import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from dashboards import alerting, provisioning
from dashboards.grafana_rules import OWN_RULES
from dashboards.limits import GREEN, RED, YELLOW, limits
from dashboards.panels import POSTGRES, PROMETHEUS
from dashboards.runbook import paragraph_url, paragraphs
from dashboards.write import REPOSITORY, ROOT, RULES, dashboards, files, rules
from monitor.alerts.checks import CHECKS

SOURCES = {source["uid"]: source["type"] for source in (POSTGRES, PROMETHEUS)}
PANEL_TYPES = {"timeseries", "stat", "table", "text"}
UNITS = {"short", "d", "s", "percentunit", "reqps", "rowsps", "bytes"}
BUILT_IN = {"__interval", "__timeFilter", "__timeGroupAlias", "__all"}

boards = pytest.mark.parametrize("board", dashboards(), ids=lambda board: board["uid"])


def targets(board: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target


def test_the_committed_files_are_what_the_code_builds() -> None:
    for path, content in files().items():
        assert (ROOT / path).read_text() == content, f"grafana/{path} is old: run `make dashboards`"
    committed = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()}
    assert committed == set(files())
    assert (REPOSITORY / RULES).read_text() == rules(), f"{RULES} is old: run `make dashboards`"


def test_prometheus_has_the_same_rules_as_grafana_and_scrapes_what_they_ask_about() -> None:
    *scraped, ruled = yaml.safe_load_all(rules())
    (group,) = ruled["spec"]["groups"]
    assert [rule["annotations"]["runbook"] for rule in group["rules"]] == [rule.name for rule in OWN_RULES]
    for rule in group["rules"]:
        promql_parser.parse(rule["expr"])
    jobs = {app for rule in group["rules"] for app in re.findall(r'job="(\w+)"', rule["expr"])}
    assert jobs <= {each["spec"]["selector"]["matchLabels"]["app"] for each in scraped}
    for each in scraped:
        (endpoint,) = each["spec"]["podMetricsEndpoints"]
        base = (REPOSITORY / f"deploy/kubernetes/base/{each['metadata']['name']}.yaml").read_text()
        assert f"name: {endpoint['port']}, containerPort:" in base


@boards
def test_a_dashboard_has_what_grafana_needs(board: dict[str, Any]) -> None:
    assert board["schemaVersion"] >= 39
    assert board["editable"] is False
    assert re.fullmatch(r"[a-z-]{1,40}", board["uid"])
    ids = [panel["id"] for panel in board["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    for panel in board["panels"]:
        assert panel["type"] in PANEL_TYPES
        assert panel["title"]
        assert panel["description"]
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        if panel["type"] != "text":
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert steps[0]["value"] is None
            limits = [step["value"] for step in steps[1:]]
            assert limits == sorted(limits)


@boards
def test_no_panel_lies_on_another(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@boards
def test_data_sources_and_variables_exist(board: dict[str, Any]) -> None:
    variables = {variable["name"] for variable in board["templating"]["list"]} | BUILT_IN
    for title, target in targets(board):
        assert SOURCES[target["datasource"]["uid"]] == target["datasource"]["type"], title
        query = target.get("rawSql", target.get("expr"))
        used = set(re.findall(r"\$\{?(\w+)", query))
        assert used <= variables, f"{title} uses {used - variables}"


@boards
def test_every_promql_expression_parses(board: dict[str, Any]) -> None:
    for _, target in targets(board):
        if "expr" in target:
            promql_parser.parse(target["expr"])


def test_alert_rules_name_their_source_severity_and_paragraph() -> None:
    rules = [rule for group in alerting.alert_rules()["groups"] for rule in group["rules"]]
    assert len({rule["uid"] for rule in rules}) == len(rules)
    for rule in rules:
        assert len(rule["uid"]) <= 40
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["runbook_url"].startswith("/d/runbook?")
        query, threshold = rule["data"]
        assert query["datasourceUid"] in SOURCES
        assert threshold["model"]["expression"] == query["refId"]
        assert rule["condition"] == threshold["refId"]
        if query["datasourceUid"] == PROMETHEUS["uid"]:
            promql_parser.parse(query["model"]["expr"])


def test_no_rule_is_silent_because_what_it_asks_about_is_gone() -> None:
    """0 is a value: of gateways and of checks too few, of errors and ages none. No answer at all is an alert."""
    for rule in (rule for group in alerting.alert_rules()["groups"] for rule in group["rules"]):
        query = rule["data"][0]["model"]
        assert rule["noDataState"] == ("Alerting" if "expr" in query else "OK")
    *_, ruled = yaml.safe_load_all(rules())
    opening_at_0 = set()
    for rule, own in zip(ruled["spec"]["groups"][0]["rules"], OWN_RULES, strict=True):
        found = re.fullmatch(r"\(.* or vector\(0\)\) ([<>]) (\S+)", rule["expr"])
        assert found, rule["expr"]
        if float(found[2]) > 0 and found[1] == "<":
            opening_at_0.add(own.name)
    assert opening_at_0 == {"monitor-down", "gateway-down"}


def test_contact_point_and_policy_agree() -> None:
    (point,) = alerting.contact_points()["contactPoints"]
    (policy,) = alerting.policies()["policies"]
    assert policy["receiver"] == point["name"]


def test_data_sources_hold_no_secret() -> None:
    for source in provisioning.data_sources()["datasources"]:
        assert source["uid"] in SOURCES
        assert source["editable"] is False
        for secret in source.get("secureJsonData", {}).values():
            assert re.fullmatch(r"\$\{\w+\}", secret)


def test_provisioning_files_are_yaml() -> None:
    for path, content in files().items():
        if path.endswith(".yaml"):
            assert yaml.safe_load(content) == json.loads(content)


def test_every_alert_has_a_name_of_its_own_and_a_paragraph_in_the_runbook() -> None:
    names = [alert.name for alert in (*CHECKS, *OWN_RULES)]
    assert len(set(names)) == len(names)
    for name in names:
        assert paragraphs()[name]


def test_panels_draw_the_limits_of_the_alerts() -> None:
    coverage = next(check for check in CHECKS if check.name == "low-coverage")
    assert limits("low-coverage") == [(None, RED), (coverage.opens, YELLOW), (coverage.closes, GREEN)]
    drawn = {panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:] for panel in all_panels()}
    assert [step["value"] for step in drawn["Interval coverage"]] == [coverage.opens, coverage.closes]


def all_panels() -> Iterator[dict[str, Any]]:
    return (panel for board in dashboards() for panel in board["panels"] if panel["type"] != "text")


def test_a_link_to_a_paragraph_that_is_not_there_fails() -> None:
    with pytest.raises(ValueError, match="is not in list"):
        paragraph_url("no-such-paragraph")
