"""`trainer worker`: a Celery worker on the training queue, one retraining at a time."""

import os

from celery import Celery

from common import logs
from common.servers.queue import RETRAIN, TRAINING, celery_app
from common.worker import metrics, stop
from trainer.retraining.retrain import retrain, train_from_settings


def trainer_app() -> Celery:
    """The Celery app with the retraining task."""
    app = celery_app("trainer")

    @app.task(name=RETRAIN)  # type: ignore[untyped-decorator]  # Celery has no types
    def run(retraining_id: int) -> None:
        retrain(retraining_id, train_from_settings)

    return app


def run_worker() -> None:
    """Run until told to stop; a child process trains, and ends after each training to give its memory back."""
    logs.configure("trainer")
    metrics.serve_if_asked()
    stop.limit()
    trainer_app().worker_main(
        [
            "worker",
            f"--queues={TRAINING}",
            "--concurrency=1",
            "--max-tasks-per-child=1",
            f"--hostname=trainer-{os.getpid()}@%h",
            "--loglevel=INFO",
        ]
    )
