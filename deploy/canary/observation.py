"""What two revisions answered, counted from the logs that Cloud Run and the container write.

Logs rather than metrics: they say for each request which revision answered, how and how fast,
within seconds, and the container's own lines say what no status does: an inference that failed is
acknowledged, so its request is a success.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from deploy.canary.decision import Seen
from deploy.canary.gcloud import Gcloud

NEWEST = 5000
"""Entries that are read of each kind: of more traffic, the newest are counted."""
LEAST_TIMES = 50
"""Predictions from which a 95th percentile is told."""
FAULTS = ("inference-failed", "model-unknown")
"""Codes of results that failed by the model, not by the file."""


def observe(gcloud: Gcloud, revision: str, since: datetime, times_since: datetime) -> Seen:
    """`times_since`: the first requests wait for instances to start, which says nothing of how fast
    the revision is. Raises ReleaseFailed where the logs cannot be read."""
    of_revision = (
        'resource.type="cloud_run_revision" '
        f'resource.labels.revision_name="{revision}" timestamp>="{_stamp(since)}"'
    )
    requests = gcloud.log_entries(
        f'{of_revision} log_id("run.googleapis.com/requests") httpRequest.requestUrl=~"/pubsub/"',
        NEWEST,
        ("timestamp", "httpRequest.status", "httpRequest.latency", "httpRequest.requestUrl"),
    )
    codes = " OR ".join(f'"{code}"' for code in FAULTS)
    failed = gcloud.log_entries(
        f'{of_revision} jsonPayload.message="failed" jsonPayload.code=({codes})',
        NEWEST,
        ("timestamp",),
    )
    refused = sum(int(one["httpRequest"]["status"]) >= 500 for one in requests)
    return Seen(
        requests=max(len(requests), len(failed)),
        errors=min(refused + len(failed), max(len(requests), len(failed))),
        p95_s=_p95(requests, times_since),
    )


def _p95(requests: Sequence[dict[str, Any]], since: datetime) -> float | None:
    times = sorted(
        float(one["httpRequest"]["latency"].removesuffix("s"))
        for one in requests
        if one["httpRequest"]["requestUrl"].endswith("/pubsub/predict")
        and "latency" in one["httpRequest"]
        and datetime.fromisoformat(one["timestamp"]) >= since
    )
    return times[math.ceil(0.95 * len(times)) - 1] if len(times) >= LEAST_TIMES else None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
