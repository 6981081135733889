"""docs/runbook.md names only what exists: settings, commands, processes, panels, pages, tables, routes, paragraphs."""

import argparse
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.database.tables import Table
from console.frame.shell import PAGES
from dashboards.write import dashboards
from devstack import services
from devstack.servers import mlflow_server
from devstack.settings import StackSettings
from devstack.stack import Stack

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SPANS = re.findall(r"`([^`]+)`", RUNBOOK)
SETTINGS = (ROOT / "docs/settings.md").read_text()
PROGRAMS = ("monitor", "trainer", "scorer", "gateway")


def commands() -> list[str]:
    found = (re.search(rf"^(?:{'|'.join(PROGRAMS)})( [a-z][^|]*)$", span) for span in SPANS)
    return sorted({each[0] for each in found if each})


def test_settings_are_documented() -> None:
    named = {name for span in SPANS for name in re.findall(r"\b[A-Z]+_[A-Z_]+\b", span)}
    assert named
    assert named <= set(re.findall(r"^\| `([A-Z_]+)` \|", SETTINGS, re.M))


@pytest.mark.parametrize("command", commands())
def test_a_command_is_one_of_ours_with_these_options(command: str) -> None:
    program, *words = command.split()
    parser = importlib.import_module(f"{program}.cli")._parser()
    for word in words:
        if word.startswith("--"):
            assert word in parser._option_string_actions, f"{parser.prog} knows no {word}"
        elif choices := _choices(parser):
            assert word in choices, f"{parser.prog} knows no {word}"
            parser = choices[word]


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return next((dict(action.choices) for action in actions), {})


def test_targets_of_make_and_processes_of_the_stack_are_there(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for span in SPANS:
        for targets in re.findall(r"^make ([a-z -]+)", span):
            for target in targets.split():
                assert re.search(rf"^[a-z -]*\b{target}\b[a-z -]*:", makefile, re.M), target
    stack = Stack(StackSettings(stack_dir=tmp_path))
    running = {process.name for process in services.processes(stack)} | {mlflow_server.NAME}
    assert set(re.findall(r"make logs NAME=([\w-]+)", RUNBOOK)) <= running


def test_panels_dashboards_and_pages_are_there() -> None:
    boards = dashboards()
    titles = {panel["title"] for board in boards for panel in board["panels"]} | {board["title"] for board in boards}
    assert set(re.findall(r"\*([A-Z][^*]+)\*", RUNBOOK)) <= titles | set(PAGES.values())


def test_tables_and_columns_that_a_query_reads_are_there() -> None:
    columns_of = {name: {*table.columns.keys()} for name, table in Table.metadata.tables.items()}
    for query in (span for span in SPANS if span.startswith("SELECT")):
        asked = re.findall(r"(?:FROM|JOIN) (\w+)", query)
        assert set(asked) <= set(columns_of)
        known = set[str]().union(*(columns_of[name] for name in asked))
        columns, _, conditions = query.removeprefix("SELECT ").partition(" FROM ")
        assert set(columns.split(", ")) | set(re.findall(r"\b(\w+_(?:at|timestamp|id))\b", conditions)) <= known


def test_routes_are_the_gateway_s() -> None:
    asked = {path for span in SPANS for path in re.findall(r"(?:^|8090|GET |POST )(/[a-z_-]+)", span)}
    assert asked
    assert asked <= set(routes())


def routes() -> Iterator[str]:
    for path in (ROOT / "services/gateway/src/gateway/routes").glob("*.py"):
        yield from re.findall(r'"(/[a-z_-]+)["/]', path.read_text())


def test_links_lead_to_paragraphs() -> None:
    headings = set(re.findall(r"^## (.+)$", RUNBOOK, re.M))
    assert set(re.findall(r"\]\(#([\w-]+)\)", RUNBOOK)) <= headings
