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
    assert done.returncode == 3, done.stderr
    job_id, summary, *why = done.stdout.splitlines()
    assert summary.startswith("succeeded: 200 rows, 2 of them not scored, in s3://delivery-time/results/")
    assert job_id in summary
    assert why[0] == "why:"
    assert len(why) > 1
    assert all(", e.g. row " in line for line in why[1:])
    assert done.stderr == ""


def test_a_result_is_fetched_with_the_submission_or_later(worked: Rig, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(b"seller_zip_code_prefix,customer_lat,customer_lng\n9350,-23.5,-46.5\n")
    result = tmp_path / "out" / "result.csv"
    done = scorer(worked, "submit", str(tmp_path / "mine.csv"), "--to", str(result))
    assert done.returncode == 0, done.stderr
    job_id, _, path = done.stdout.splitlines()
    assert path == str(result)
    assert result.read_text().startswith("seller_zip_code_prefix,customer_lat,customer_lng,prediction,")
    again = called(cli.main, "download", job_id, environment=worked.environment, folder=tmp_path / "out")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "out" / again.stdout.strip()).read_bytes() == result.read_bytes()
    refused = called(cli.main, "download", job_id, environment=worked.environment, folder=tmp_path / "out")
    assert (refused.returncode, "is there already" in refused.stderr) == (1, True)
    assert sorted(file.name for file in result.parent.iterdir()) == ["mine.csv", "result.csv"]


def test_a_data_set_is_fetched_into_a_folder_and_into_no_file(worked: Rig, tmp_path: Path) -> None:
    for name in ("a", "b"):
        worked.put(f"in/fetched/{name}.csv", csv_file(3))
    body = worked.scored(f"s3://{worked.store.bucket}/in/fetched/")
    done = scorer(worked, "download", body["id"], "--to", str(tmp_path / "set"))
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "set").glob("*.csv"))) == 2
    (tmp_path / "taken").touch()
    refused = scorer(worked, "download", body["id"], "--to", str(tmp_path / "taken"))
    assert (refused.returncode, "name a folder" in refused.stderr) == (1, True)


def test_a_job_without_a_result_has_none_to_fetch(alone: Rig, tmp_path: Path) -> None:
    job_id = alone.submit(alone.put("in/later.csv", csv_file(10)))
    refused = scorer(alone, "download", str(job_id), "--to", str(tmp_path / "result.csv"))
    assert refused.returncode == 1
    assert not (tmp_path / "result.csv").exists()
    late = scorer(alone, "watch", str(job_id), "--timeout", "1")
    assert (late.returncode, late.stdout) == (4, f"still queued: `scorer watch {job_id}` goes on watching\n")
    alone.jobs.cancel(job_id)


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
