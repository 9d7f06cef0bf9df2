"""Quantities that are paid for: by pools, and by the calls and bytes of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dropsight.planning.operations import EXPLAIN, INGEST, PREDICT
from dropsight.planning.scenario import PoolSpec, Scenario
from dropsight.planning.times import ExplanationTimes, ModelTimes

Usage = dict[str, float]
"""Name of a price to a quantity in its basic unit: seconds, documents, operations, bytes."""

MESSAGE_BYTES = 1000
"""Pub/Sub bills at least this for each request; our messages are shorter."""
DAYS_OF_A_MONTH = 30.0


@dataclass(frozen=True)
class PoolSeconds:
    """Instance-seconds of one pool."""

    alive: float
    served: float
    """With a request inside."""
    requests: int
    warm: float = 0.0
    """Of instances that are always kept, busy or idle."""


def pool_usage(spec: PoolSpec, seconds: PoolSeconds) -> Usage:
    """By the pool's kind of billing."""
    if spec.billing == "request":
        return {
            "cloudRunRequestCpu": seconds.served * spec.cpu,
            "cloudRunRequestMemory": seconds.served * spec.memory_gib,
            "cloudRunRequests": float(seconds.requests),
            "cloudRunIdleCpu": max(0.0, seconds.warm - seconds.served) * spec.cpu,
            "cloudRunIdleMemory": max(0.0, seconds.warm - seconds.served) * spec.memory_gib,
        }
    usage = {
        "cloudRunInstanceCpu": seconds.alive * spec.cpu,
        "cloudRunInstanceMemory": seconds.alive * spec.memory_gib,
    }
    if spec.gpu is not None:
        usage["cloudRunGpuL4"] = seconds.alive
    return usage


def file_usage(model: ModelTimes, scenario: Scenario) -> Usage:
    """One file from landing to its findings, and its keeping."""
    use = scenario.use
    writes = INGEST.document_writes + PREDICT.document_writes
    reads = INGEST.document_reads + PREDICT.document_reads
    kept = (model.input_bytes + model.display_bytes) * use.keep_days
    return {
        "storageClassA": INGEST.object_writes + 1.0,  # the upload itself
        # Its notification counts as one, and each view is one.
        "storageClassB": INGEST.object_reads + PREDICT.object_reads + 1 + use.views,
        "storageStandard": (kept + model.frame_bytes * use.frame_days) / DAYS_OF_A_MONTH,
        "firestoreReads": reads + use.listeners * writes,
        "firestoreWrites": float(writes),
        "firestoreDeletes": 1.0,
        "firestoreStorage": model.document_bytes * use.keep_days / DAYS_OF_A_MONTH,
        # The notification and PredictionRequested, each published and pushed.
        "pubsubThroughput": 2.0 * (use.notification_bytes + MESSAGE_BYTES),
        "internetTransfer": use.views * model.display_bytes,
        "logging": 2.0 * use.log_bytes,
    }


def explanation_usage(times: ExplanationTimes, scenario: Scenario) -> Usage:
    """One message of the second stage."""
    use = scenario.use
    return {
        "storageClassA": float(times.files),
        "storageClassB": EXPLAIN.object_reads + use.views * times.files,
        "storageStandard": times.bytes * use.keep_days / DAYS_OF_A_MONTH,
        "firestoreReads": EXPLAIN.document_reads + use.listeners * EXPLAIN.document_writes,
        "firestoreWrites": float(EXPLAIN.document_writes),
        "pubsubThroughput": 2.0 * MESSAGE_BYTES,
        "internetTransfer": use.views * times.bytes,
        "logging": float(use.log_bytes),
    }


def repeated_usage(pushes: int, messages: int) -> Usage:
    """Pushes beyond the first of each message: delivered bytes."""
    return {"pubsubThroughput": float(max(0, pushes - messages) * MESSAGE_BYTES)}


def total(*parts: tuple[float, Mapping[str, float]]) -> Usage:
    """The sum of usages, each times its factor."""
    summed: Usage = {}
    for factor, usage in parts:
        for name, quantity in usage.items():
            summed[name] = summed.get(name, 0.0) + factor * quantity
    return summed
