"""Batch jobs that wait too long, or fail."""

from monitor.alerts.check import QueryCheck

QUEUE_AGE = QueryCheck(
    name="queue-age",
    severity="warning",
    subject="scorer",
    query="""
        SELECT coalesce(extract(epoch FROM :now - min(created_at)), 0)::float8 AS value
        FROM batch_jobs WHERE status = 'queued'""",
    opens=300,
    closes=60,
    message="a batch job has waited for {value:.0f} s (limit {limit})",
)

JOB_FAILURES = QueryCheck(
    name="job-failures",
    severity="warning",
    subject="scorer",
    query="""
        SELECT coalesce(avg((status = 'failed')::int), 0)::float8 AS value
        FROM batch_jobs WHERE finished_at > :now - interval '1 hour'""",
    opens=0.1,
    closes=0.01,
    message="{value:.0%} of the batch jobs of the last hour failed (limit {limit:.0%})",
)
