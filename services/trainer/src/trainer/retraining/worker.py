"""`trainer worker`: a Celery worker on the training queue, one retraining at a time."""

from celery import Celery

from common.servers.queue import RETRAIN, TRAINING, Queue
from common.worker import run
from trainer.retraining.retrain import Retrainer, train_from_settings


def trainer_app(queue: Queue, retrainer: Retrainer) -> Celery:
    """The Celery app with the retraining task."""
    app = queue.app("trainer")

    @app.task(name=RETRAIN)  # type: ignore[untyped-decorator]  # Celery has no types
    def retrain(retraining_id: int) -> None:
        retrainer.retrain(retraining_id, train_from_settings)

    return app


def run_worker(queue: Queue, retrainer: Retrainer) -> None:
    """Run until told to stop; a child process trains, and ends after each training to give its memory back."""
    run.run_worker(trainer_app(queue, retrainer), TRAINING, concurrency=1, options=["--max-tasks-per-child=1"])
