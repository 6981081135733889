"""The command `scorer`: run a worker, submit a file, watch a job, fetch its result."""

import argparse
from pathlib import Path
from uuid import UUID

from common import command_line

EXIT_CODES = "exit code 0: all rows scored, 1: failed, 3: some rows not scored, 4: not ended in time"


def main() -> None:
    """Run one command; exit with its code."""
    command_line.run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scorer", description="Scores files in the object store.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    worker = commands.add_parser("worker", help="work on batch jobs until told to end")
    worker.add_argument("--threads", type=command_line.positive, help="chunks in progress at once (SCORER_THREADS)")
    worker.set_defaults(run=_worker)
    submit = commands.add_parser("submit", help="submit a batch job")
    submit.add_argument("input", help="s3://bucket/key, a prefix ending in /, or a local file, which is uploaded first")
    submit.add_argument("--output", metavar="URI", help="where the result goes (default: results/JOB/NAME)")
    submit.add_argument(
        "--overwrite", action="store_true", help="replace whatever is there, not only an earlier result"
    )
    submit.add_argument(
        "--on-time-share",
        type=float,
        action="append",
        default=[],
        metavar="SHARE",
        help="add a column with the promise at this share, e.g. 0.9 (up to five times)",
    )
    submit.add_argument("--details", action="store_true", help="add columns with dates and confidence")
    submit.add_argument("--wait", action="store_true", help=f"show progress until the job has ended; {EXIT_CODES}")
    submit.add_argument("--to", type=Path, metavar="FILE", help="wait, and fetch the result into this file or folder")
    _add_timeout(submit)
    submit.set_defaults(run=_submit)
    watch = commands.add_parser("watch", help=f"show a job's progress until it has ended; {EXIT_CODES}")
    watch.add_argument("job", type=UUID, metavar="JOB")
    _add_timeout(watch)
    watch.set_defaults(run=_watch)
    download = commands.add_parser("download", help="fetch the result of a job that succeeded")
    download.add_argument("job", type=UUID, metavar="JOB")
    download.add_argument("--to", type=Path, metavar="FILE", help="file, or folder (default: here, by its own name)")
    download.set_defaults(run=_download)
    return parser


def _add_timeout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout", type=command_line.positive, metavar="SECONDS", help="stop watching then; the job goes on"
    )


def _worker(arguments: argparse.Namespace) -> None:
    from scorer import wiring, worker

    scorer = wiring.scorer_from_environment()
    worker.run(scorer, arguments.threads or scorer.settings.threads)


def _submit(arguments: argparse.Namespace) -> int:
    from common.model.answers.further import Further
    from scorer import wiring
    from scorer.commands.downloading import download
    from scorer.commands.submission import shares, upload
    from scorer.commands.watching import SCORED, SOME_NOT_SCORED, watch

    further = Further.asked(shares(arguments.on_time_share), arguments.details)
    client = wiring.client_from_environment()
    uri = arguments.input if "://" in arguments.input else upload(client.store, Path(arguments.input))
    job, _ = client.jobs.submit(uri, arguments.output, overwrite=arguments.overwrite, further=further)
    client.queue.wake(job.id)
    print(job.id)
    if not arguments.wait and arguments.to is None:
        return 0
    ended = watch(client, job.id, arguments.timeout)
    if arguments.to is not None and ended in (SCORED, SOME_NOT_SCORED):
        print(download(client.jobs, client.store, job.id, arguments.to))
    return ended


def _watch(arguments: argparse.Namespace) -> int:
    from scorer import wiring
    from scorer.commands.watching import watch

    return watch(wiring.client_from_environment(), arguments.job, arguments.timeout)


def _download(arguments: argparse.Namespace) -> None:
    from scorer import wiring
    from scorer.commands.downloading import download

    client = wiring.client_from_environment()
    print(download(client.jobs, client.store, arguments.job, arguments.to))


if __name__ == "__main__":
    main()
