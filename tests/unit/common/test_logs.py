"""Logs are one JSON object a line, with the context they were written in."""

import json
import logging
from collections.abc import Iterator

import pytest

from common import logs


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_a_line_carries_the_service_and_the_bound_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("scorer")
    with logs.bound(job_id="7"), logs.bound(chunk=2):
        logging.getLogger("x").info("scored %d rows", 5)
    line = json.loads(capsys.readouterr().err)
    assert (line["service"], line["message"], line["job_id"], line["chunk"]) == ("scorer", "scored 5 rows", "7", 2)


def test_bound_fields_end_with_their_block(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("scorer")
    with logs.bound(job_id="7"):
        pass
    logging.getLogger("x").info("idle")
    assert "job_id" not in json.loads(capsys.readouterr().err)


def test_an_error_keeps_its_traceback_inside_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("scorer")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: broken" in json.loads(line)["traceback"]


def test_credentials_in_anybodys_text_are_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("scorer")
    logging.getLogger("x").info("cannot reach redis://:pass/word@queue:6379/0 for a@b.example")
    logging.getLogger("httpx").info("HTTP Request: POST https://hooks.example/services/secret")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "cannot reach redis://***@queue:6379/0 for a@b.example"
