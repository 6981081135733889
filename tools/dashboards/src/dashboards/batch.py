"""Dashboard: batch jobs and the queue behind them."""

from dashboards.dashboard import dashboard
from dashboards.limits import above
from dashboards.panels import panel, sql, value_of
from dashboards.runbook import Json
from monitor.alerts.batch_jobs import JOB_FAILURES, QUEUE_AGE


def build() -> Json:
    """The dashboard `batch-jobs`."""
    return dashboard(
        "batch-jobs",
        "Batch jobs and queue",
        "Jobs by state, how fast they are scored, what failed and why.",
        [
            [
                panel(
                    "Queued and running",
                    sql(
                        """SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
                                  count(*) FILTER (WHERE status = 'running') AS running FROM batch_jobs""",
                        form="table",
                    ),
                    "Jobs that wait for a worker, and jobs in progress.",
                    kind="stat",
                ),
                panel(
                    "Oldest queued job",
                    value_of(QUEUE_AGE),
                    "How long the oldest job has waited for a worker.",
                    kind="stat",
                    unit="s",
                    alert="queue-age",
                ),
                panel(
                    "Failed in the last hour",
                    value_of(JOB_FAILURES),
                    "Share of the jobs of the last hour that failed.",
                    kind="stat",
                    unit="percentunit",
                    alert="job-failures",
                ),
                panel(
                    "Chunks in progress",
                    sql(
                        """SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
                                  count(*) FILTER (WHERE status = 'running') AS running FROM batch_chunks""",
                        form="table",
                    ),
                    "Parts of jobs that wait, and parts that a worker scores now.",
                    kind="stat",
                ),
            ],
            [
                panel(
                    "Jobs ended",
                    sql(
                        """SELECT $__timeGroupAlias(finished_at, $__interval), status AS metric, count(*) AS value
                           FROM batch_jobs WHERE $__timeFilter(finished_at) GROUP BY 1, 2 ORDER BY 1"""
                    ),
                    "Jobs by how they ended.",
                    bars=True,
                    minimum=0,
                ),
                panel(
                    "Rows scored per second",
                    sql(
                        """SELECT finished_at AS time, 'rows per second' AS metric,
                                  rows_done / nullif(extract(epoch FROM finished_at - started_at), 0) AS value
                           FROM batch_jobs WHERE status = 'succeeded' AND $__timeFilter(finished_at)
                           ORDER BY finished_at"""
                    ),
                    "Rows of each finished job by the time it ran.",
                    unit="rowsps",
                    minimum=0,
                ),
            ],
            [
                panel(
                    "Wait and run time",
                    sql(
                        """SELECT finished_at AS time, 'wait' AS metric,
                                  extract(epoch FROM started_at - created_at)::float8 AS value
                           FROM batch_jobs WHERE $__timeFilter(finished_at) AND started_at IS NOT NULL
                           ORDER BY finished_at""",
                        """SELECT finished_at AS time, 'run' AS metric,
                                  extract(epoch FROM finished_at - started_at)::float8 AS value
                           FROM batch_jobs WHERE $__timeFilter(finished_at) AND started_at IS NOT NULL
                           ORDER BY finished_at""",
                    ),
                    "How long jobs waited for a worker, and how long they ran.",
                    unit="s",
                    minimum=0,
                ),
                panel(
                    "Bad rows",
                    sql(
                        """SELECT finished_at AS time, 'bad rows' AS metric,
                                  rows_failed::float8 / nullif(rows_total, 0) AS value
                           FROM batch_jobs WHERE $__timeFilter(finished_at) ORDER BY finished_at"""
                    ),
                    "Share of rows that could not be scored; each carries its reason in the output.",
                    unit="percentunit",
                    minimum=0,
                    thresholds=above(0.01, 0.1),
                    runbook="bad-rows",
                ),
            ],
            [
                panel(
                    "Newest jobs",
                    sql(
                        """SELECT created_at, status, input_uri, output_uri, rows_total, rows_done, rows_failed,
                                  model_version, attempts, error, id::text AS id
                           FROM batch_jobs ORDER BY created_at DESC LIMIT 100""",
                        form="table",
                    ),
                    "The newest hundred jobs with why they failed.",
                    kind="table",
                )
            ],
        ],
        since="now-24h",
        refresh="30s",
    )
