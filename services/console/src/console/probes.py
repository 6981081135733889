"""How the console finds out whether a part of the system answers."""

from contextlib import suppress

from redis.asyncio import Redis
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from common.errors import NoChampion
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.registry import Registry
from console.gateway import Gateway
from console.reads.database_reader import DatabaseReader
from console.watch import Part


def parts(gateway: Gateway, read: DatabaseReader, queue: Redis, store: ObjectStore, registry: Registry) -> list[Part]:
    """Every part, each with what does not work without it."""

    def list_store() -> None:
        next(store.objects_under(ObjectAddress(store.bucket, "console/")), None)

    def resolve_champion() -> None:
        with suppress(NoChampion):
            registry.resolve()

    return [
        Part("gateway", "No question is answered, no job started.", lambda: gateway.get(None, "/livez")),
        Part(
            "database",
            "Jobs, alerts, pace and metrics cannot be shown; predictions go on.",
            lambda: read(lambda session: session.execute(text("SELECT 1"))),
        ),
        Part(
            "queue",
            "Jobs are accepted and wait; predictions are answered, but not logged.",
            queue.ping,
        ),
        Part(
            "object store",
            "Files cannot be put, scored or fetched; predictions go on.",
            lambda: run_in_threadpool(list_store),
        ),
        Part(
            "registry",
            "The gateway serves the champion it has; no version can be promoted.",
            lambda: run_in_threadpool(resolve_champion),
        ),
    ]
