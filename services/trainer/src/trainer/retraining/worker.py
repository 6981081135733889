"""`trainer worker`: a Celery worker on the training queue, one retraining at a time."""

from collections.abc import Callable

from celery import Celery

from common.servers.queue import RETRAIN, TRAINING, Queue
from common.worker import run
from trainer.retraining.retrain import Retrainer, Trained


def trainer_app(queue: Queue, retrainer: Retrainer, train: Callable[[], Trained]) -> Celery:
    """The Celery app with the retraining task."""
    app = queue.app("trainer")

    @app.task(name=RETRAIN)  # type: ignore[untyped-decorator]  # Celery has no types
    def retrain(retraining_id: int) -> None:
        retrainer.retrain(retraining_id, train)

    return app


def run_worker(queue: Queue, retrainer: Retrainer, train: Callable[[], Trained]) -> None:
    """Run until told to stop; a child process trains, and ends after each training to give its memory back."""
    run.run_worker(trainer_app(queue, retrainer, train), TRAINING, concurrency=1, options=["--max-tasks-per-child=1"])
