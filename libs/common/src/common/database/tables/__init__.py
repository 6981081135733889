"""Tables as SQLAlchemy models. All times are UTC with time zone."""

from common.database.tables.base import Table
from common.database.tables.batch import BatchChunk, BatchJob, BatchOutput, PaceSnapshot
from common.database.tables.keys import Act, ApiKey
from common.database.tables.log import Actual, ColdFile, Erasure, InvalidRequests, Prediction
from common.database.tables.models import ModelEvent, Retraining
from common.database.tables.monitoring import (
    Alert,
    CountedOrder,
    DeliveryPace,
    ImpossibleActual,
    Mark,
    ModelMetrics,
    Notification,
    OrderAtRisk,
    PaceBasis,
    PaceCount,
    Replay,
    WaitingWindow,
)

__all__ = [
    "Act",
    "Actual",
    "Alert",
    "ApiKey",
    "BatchChunk",
    "BatchJob",
    "BatchOutput",
    "ColdFile",
    "CountedOrder",
    "DeliveryPace",
    "Erasure",
    "ImpossibleActual",
    "InvalidRequests",
    "Mark",
    "ModelEvent",
    "ModelMetrics",
    "Notification",
    "OrderAtRisk",
    "PaceBasis",
    "PaceCount",
    "PaceSnapshot",
    "Prediction",
    "Replay",
    "Retraining",
    "Table",
    "WaitingWindow",
]
