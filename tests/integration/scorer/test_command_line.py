"""The commands of `scorer`."""

import os
import subprocess
import sys
from pathlib import Path

from common.database.tables import BatchJob
from scorer import cli
from support.command_lines import called
from support.scorer.rig import Rig, csv_file


def scorer(rig: Rig, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A finished command."""
    return called(cli.main, *arguments, environment=rig.environment)


def test_a_local_file_is_uploaded_scored_and_summed_up(worked: Rig, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(csv_file(200))
    done = scorer(worked, "submit", str(tmp_path / "mine.csv"), "--wait")
    assert done.returncode == 0, done.stderr
    job_id, summary = done.stdout.splitlines()
    assert summary.startswith("succeeded: 200 rows, 2 of them not scored, in s3://delivery-time/results/")
    assert job_id in summary
    assert done.stderr == ""


def test_watching_a_failed_job_says_why_and_exits_with_one(alone: Rig) -> None:
    body = alone.scored(alone.put("in/norows.csv", b"seller_zip_code_prefix,customer_lat,customer_lng\n"))
    done = scorer(alone, "watch", body["id"])
    assert done.returncode == 1
    assert done.stdout.startswith("failed: ")


def test_watching_a_job_that_waits_says_for_what(alone: Rig) -> None:
    job_id = alone.submit(alone.put("in/waits.csv", csv_file(10)))
    with alone.database.transaction() as session:
        session.get_one(BatchJob, job_id).error = "no champion: train one"
    command = [sys.executable, "-m", "scorer.cli", "watch", str(job_id)]
    with subprocess.Popen(command, env={**os.environ, **alone.environment}, stderr=subprocess.PIPE) as watching:
        assert watching.stderr is not None
        assert watching.stderr.readline() == b"queued, waits: no champion: train one\n"
        alone.jobs.cancel(job_id)
        assert watching.wait(timeout=30) == 1


def test_a_wrong_file_is_one_clear_line(rig: Rig) -> None:
    done = scorer(rig, "submit", "orders.xlsx")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "scorer: 'orders.xlsx' is not an object's address: write a file ending in .csv, .csv.gz, .csv.zst, .parquet"
    ]


def test_what_others_wrote_is_replaced_only_if_that_is_asked_for(alone: Rig) -> None:
    given, taken = alone.put("in/mine.csv", csv_file(2)), alone.put("out/theirs.csv", b"theirs")
    refused = scorer(alone, "submit", given, "--output", taken)
    assert (refused.returncode, "theirs.csv is there already" in refused.stderr) == (1, True)
    assert scorer(alone, "submit", given, "--output", taken, "--overwrite").returncode == 0
