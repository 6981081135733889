"""The scorer of a real process: every collaborator made from the settings in the environment."""

from dataclasses import dataclass
from threading import Event, Lock

from common.batch.formats.format import Reading
from common.batch.jobs import BatchJobs
from common.database.leases import LeaseKeeper
from common.database.session import Database
from common.servers.objects import ObjectStore
from common.servers.queue import Queue
from common.servers.registry import Registry
from common.settings import (
    BatchSettings,
    DatabaseSettings,
    ObjectStoreSettings,
    QueueSettings,
    RegistrySettings,
    load,
)
from scorer.jobs.attempts import Attempts
from scorer.jobs.claims import Chunks
from scorer.jobs.completion import Completion
from scorer.jobs.ending import Ending
from scorer.jobs.leases import renewal
from scorer.jobs.planning import Planner
from scorer.jobs.plans import Plans
from scorer.jobs.reader import AnyReader
from scorer.jobs.scoring import Scoring
from scorer.jobs.sweeping import Sweeper
from scorer.jobs.tasks import Tasks
from scorer.model.job_models import Models
from scorer.readers.row_groups import GroupReader
from scorer.readers.spans import SpanReader
from scorer.readers.streams import StreamReader
from scorer.results.outputs import Outputs
from scorer.results.results import Results
from scorer.separate import Separate
from scorer.settings import ScorerSettings


@dataclass(frozen=True)
class Client:
    """What a command needs that submits jobs and looks at them."""

    database: Database
    store: ObjectStore
    queue: Queue
    jobs: BatchJobs
    servers: tuple[DatabaseSettings, ObjectStoreSettings, QueueSettings, BatchSettings]


@dataclass(frozen=True)
class Scorer:
    """What a worker consists of. stopping: set it when the worker is asked to end."""

    client: Client
    settings: ScorerSettings
    leases: LeaseKeeper
    models: Models
    chunks: Chunks
    plans: Plans
    completion: Completion
    scoring: Scoring
    tasks: Tasks
    sweeper: Sweeper
    stopping: Event


def client(
    database_settings: DatabaseSettings, store_settings: ObjectStoreSettings, queue: QueueSettings, batch: BatchSettings
) -> Client:
    """A client of these settings."""
    database, store = Database(database_settings), ObjectStore(store_settings)
    servers = database_settings, store_settings, queue, batch
    return Client(database, store, Queue(queue), BatchJobs(database, store, batch), servers)


def scorer(
    client: Client,
    settings: ScorerSettings,
    registry: RegistrySettings,
    batch: BatchSettings,
    limited: bool = False,
) -> Scorer:
    """A worker of these settings. limited: the memory of this process is, so that it may read what may take any."""
    database, store, queue = client.database, client.store, client.queue
    stopping, outputs = Event(), Outputs(store)
    readers: dict[Reading, AnyReader] = {
        "spans": SpanReader(store, settings.chunk_bytes, settings.record_limit_bytes),
        "stream": StreamReader(store, settings.chunk_bytes, settings.record_limit_bytes, stopping),
        "row groups": GroupReader(store, limited),
    }
    models = Models(database, Registry(registry), registry.poll_seconds)
    leases = LeaseKeeper(renewal(database, settings.lease_seconds), settings.lease_seconds)
    chunks = Chunks(database, settings.lease_seconds)
    ending = Ending(database, store, outputs)
    planner = Planner(store, batch, readers)
    plans = Plans(database, planner, models, outputs, ending, settings.lease_seconds)
    completion = Completion(database, store, Results(store, outputs))
    attempts = Attempts(leases, ending, settings)
    separate = Separate((client.servers, settings, registry, batch), stopping, Lock())
    scoring = Scoring(database, store, models, chunks, completion, readers, separate.score)
    tasks = Tasks(queue, chunks, plans, scoring, completion, ending, attempts, settings.tokens)
    sweeper = Sweeper(database, store, queue, ending, settings)
    return Scorer(client, settings, leases, models, chunks, plans, completion, scoring, tasks, sweeper, stopping)


def client_from_environment() -> Client:
    """InvalidSettings."""
    return client(load(DatabaseSettings), load(ObjectStoreSettings), load(QueueSettings), load(BatchSettings))


def scorer_from_environment() -> Scorer:
    """InvalidSettings."""
    return scorer(client_from_environment(), load(ScorerSettings), load(RegistrySettings), load(BatchSettings))
