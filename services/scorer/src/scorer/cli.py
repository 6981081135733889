"""The command `scorer`: run a worker, submit a file, watch a job."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from common import logs
from common.command_line import positive
from common.errors import DeliveryTimeError
from common.settings import load
from scorer.settings import ScorerSettings


def main() -> None:
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.run(arguments))
    except DeliveryTimeError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scorer", description="Scores files in the object store.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    worker = commands.add_parser("worker", help="work on batch jobs until told to end")
    worker.add_argument("--threads", type=positive, help="chunks in work at once (SCORER_THREADS)")
    worker.set_defaults(run=_worker)
    submit = commands.add_parser("submit", help="submit a batch job")
    submit.add_argument("input", help="s3://bucket/key, a prefix ending in /, or a local file, which is uploaded first")
    submit.add_argument("--output", metavar="URI", help="where the result goes (default: results/JOB/NAME)")
    submit.add_argument("--wait", action="store_true", help="show progress until the job has ended")
    submit.set_defaults(run=_submit)
    watch = commands.add_parser("watch", help="show a job's progress until it has ended")
    watch.add_argument("job", type=UUID, metavar="JOB")
    watch.set_defaults(run=_watch)
    return parser


def _worker(arguments: argparse.Namespace) -> int:
    from scorer.worker import run

    logs.configure("scorer")
    run(arguments.threads or load(ScorerSettings).threads)
    return 0


def _submit(arguments: argparse.Namespace) -> int:
    from scorer.commands.submission import submit, upload
    from scorer.commands.watching import watch

    uri = arguments.input if "://" in arguments.input else upload(Path(arguments.input))
    job_id = submit(uri, arguments.output)
    print(job_id)
    return watch(job_id) if arguments.wait else 0


def _watch(arguments: argparse.Namespace) -> int:
    from scorer.commands.watching import watch

    return watch(arguments.job)


if __name__ == "__main__":
    main()
