"""What is simulated: who sends how much, and how the services are set up. `--simulate FILE`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from dropsight.planning.files import PlanRecord

Whole = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0)]
Share = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
Size = Annotated[float, msgspec.Meta(gt=0.0)]

StageName = Literal["ingest", "predict", "explain"]
STAGES: tuple[StageName, ...] = ("ingest", "predict", "explain")
MOST_FILES = 24_000_000
"""In one simulation: a million an hour for a day."""


class ArrivalSpec(PlanRecord, kw_only=True, frozen=True):
    """When files land."""

    files: Annotated[int, msgspec.Meta(ge=1, le=MOST_FILES)]
    over_s: Seconds = 60.0
    """The time in which they land. 0: all at once."""
    profile: Literal["uniform", "random", "office"] = "random"
    """`uniform`: equally spaced. `random`: independent of each other, evenly over the time (a
    Poisson process, given its count). `office`: `hourWeights` over a day."""
    hour_weights: list[Annotated[float, msgspec.Meta(ge=0.0)]] = []
    """office: one weight for each hour; the day of `arrivals.OFFICE` where it is empty."""


class PoolSpec(PlanRecord, kw_only=True, frozen=True):
    """A Cloud Run service or function."""

    cpu: Size = 2.0
    memory_gib: Size = 4.0
    gpu: Literal["l4"] | None = None
    concurrency: Positive = 1
    """Requests in one instance at once."""
    min_instances: Whole = 0
    max_instances: Positive = 100
    cold_start_s: Seconds = 30.0
    """From the decision to start an instance to its first request."""
    idle_s: Seconds = 900.0
    """How long an idle instance is kept: 15 minutes, 10 with a GPU."""
    billing: Literal["instance", "request"] = "instance"
    speed: Size = 1.0
    """How many times as fast as in the times file the device works."""


class SubscriptionSpec(PlanRecord, kw_only=True, frozen=True):
    """Of every push subscription."""

    ack_deadline_s: Seconds = 600.0
    min_backoff_s: Seconds = 10.0
    max_backoff_s: Seconds = 600.0
    max_attempts: Annotated[int, msgspec.Meta(ge=5, le=100)] = 10
    """Pub/Sub allows 5 to 100 before a message goes to the dead-letter topic."""


class Platform(PlanRecord, kw_only=True, frozen=True):
    """How Google Cloud behaves. Where no page of Google says a number, it is marked `assumed`."""

    delivery_s: Seconds = 0.1
    """From publishing to the push. "Latencies typically on the order of 100 milliseconds":
    https://cloud.google.com/pubsub/docs/overview"""
    call_s: Seconds = 0.02
    """One call of Cloud Storage, Firestore or Pub/Sub from an instance. Assumed."""
    first_window: Positive = 5
    """Pushes at once to begin with: "a small single-digit window size",
    https://cloud.google.com/pubsub/docs/push. 5 is assumed."""
    full_window: Positive = 3000
    """Up to here the window grows by one with every acknowledgement, then linearly (same page)."""
    shortest_pause_s: Seconds = 0.1
    longest_pause_s: Seconds = 60.0
    """Push backoff, between these (same page). That it doubles, that the window is halved, and that
    an acknowledgement ends both is assumed."""
    target: Share = 0.6
    """Utilisation of CPU and of concurrency that the autoscaler aims at, over
    https://cloud.google.com/run/docs/about-instance-autoscaling"""
    window_s: Seconds = 60.0
    """the mean of a minute (same page)."""
    autoscale_every_s: Annotated[float, msgspec.Meta(ge=1.0)] = 5.0
    """Every 5 s in older editions of the same page, "periodically" in newer ones."""
    starts_per_minute: Positive = 100
    """New instances of one service. Assumed: Google publishes no number."""


class UseSpec(PlanRecord, kw_only=True, frozen=True):
    """What is kept, looked at and logged: costs that no time depends on."""

    keep_days: Annotated[float, msgspec.Meta(ge=0.0)] = 30.0
    """Uploads, pictures, explanations and documents."""
    frame_days: Annotated[float, msgspec.Meta(ge=0.0)] = 7.0
    """Prepared pixels in the work bucket."""
    views: Annotated[float, msgspec.Meta(ge=0.0)] = 1.0
    """How often each picture of a result is fetched over the internet."""
    listeners: Annotated[float, msgspec.Meta(ge=0.0)] = 1.0
    """Clients that listen to each document while it changes."""
    notification_bytes: Annotated[int, msgspec.Meta(ge=1000)] = 1500
    """A message of Cloud Storage, metadata of the object included. Assumed."""
    log_bytes: Whole = 1500
    """Of each message: our line, and the request's own entry in Cloud Logging. Assumed."""


class Scenario(PlanRecord, kw_only=True, frozen=True):
    schema_version: Literal[1] = 1
    arrivals: ArrivalSpec
    mix: dict[str, Share] = msgspec.field(default_factory=lambda: {"cxr-pneumonia": 1.0})
    """Model to its share of the files; they add up to 1."""
    explanations: dict[str, Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]] | None = None
    """Method to the share of files that it is asked for. Null: as each model.yaml asks. A model
    that has no times for a method is not asked for it."""
    pools: dict[str, PoolSpec] = msgspec.field(
        default_factory=lambda: {
            "ingest": PoolSpec(
                cpu=1.0, memory_gib=2.0, cold_start_s=5.0, billing="request", concurrency=1
            ),
            "predict": PoolSpec(concurrency=16),
            "explain": PoolSpec(concurrency=4),
        }
    )
    stages: dict[StageName, str] = {}
    """Which pool serves a stage; one that is not named, the pool of its own name. `explain:
    predict` runs both in one service."""
    batch_size: Positive = 8
    subscription: SubscriptionSpec = SubscriptionSpec()
    platform: Platform = Platform()
    use: UseSpec = UseSpec()
    ends_after_s: Seconds = 86_400.0
    """The simulation ends when all work is done and all idle instances are gone, or after this."""
    seed: Whole = 0
    scale: Positive | None = None
    """How many files one simulated file stands for (`simulation/scale.py`). Null: 1 up to 250,000
    files, then as many as it takes."""

    def pool_of(self, stage: StageName) -> str:
        return self.stages.get(stage, stage)
