"""The command `scorer`: run a worker, submit a file, watch a job."""

import argparse
from pathlib import Path
from uuid import UUID

from common import command_line


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
    submit.add_argument("--wait", action="store_true", help="show progress until the job has ended")
    submit.set_defaults(run=_submit)
    watch = commands.add_parser("watch", help="show a job's progress until it has ended")
    watch.add_argument("job", type=UUID, metavar="JOB")
    watch.set_defaults(run=_watch)
    return parser


def _worker(arguments: argparse.Namespace) -> None:
    from scorer import wiring, worker

    scorer = wiring.scorer_from_environment()
    worker.run(scorer, arguments.threads or scorer.settings.threads)


def _submit(arguments: argparse.Namespace) -> int:
    from common.batch.further import Further
    from scorer import wiring
    from scorer.commands.submission import shares, upload
    from scorer.commands.watching import watch

    further = Further.asked(shares(arguments.on_time_share), arguments.details)
    client = wiring.client_from_environment()
    uri = arguments.input if "://" in arguments.input else upload(client.store, Path(arguments.input))
    job, _ = client.jobs.submit(uri, arguments.output, overwrite=arguments.overwrite, further=further)
    client.queue.wake(job.id)
    print(job.id)
    return watch(client.jobs, job.id) if arguments.wait else 0


def _watch(arguments: argparse.Namespace) -> int:
    from scorer import wiring
    from scorer.commands.watching import watch

    return watch(wiring.client_from_environment().jobs, arguments.job)


if __name__ == "__main__":
    main()
