"""The Celery app, its queues and task names. JSON only; a task takes ids, never data.

The Postgres row is the truth, the queue only wakes workers: a task may come twice, late, or be replaced by the sweeper.
"""

from celery import Celery

from common.settings import QueueSettings, load

SCORING = "scoring"
TRAINING = "training"
MONITORING = "monitoring"

RUN_JOB = "scorer.run_job"
RETRAIN = "trainer.retrain"
"""Takes the id of a row of `retrainings`: prepare, search, register; writes status, model_version and outcome there."""

VISIBILITY_SECONDS = 600
"""A task that no worker acknowledged for this long is delivered again; longer than the longest task."""


def celery_app(service: str) -> Celery:
    """The Celery app of one service; its broker is the queue, results are not kept."""
    app = Celery(service, broker=load(QueueSettings).url.get_secret_value())
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
        worker_hijack_root_logger=False,
        worker_soft_shutdown_timeout=25,
        task_routes={"scorer.*": SCORING, "trainer.*": TRAINING, "monitor.*": MONITORING},
        timezone="UTC",
    )
    return app
