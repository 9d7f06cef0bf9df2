"""What `GET /metrics` shows (Prometheus text format). Names and labels carry no identity."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SHORT = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LONG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The container's own registry: two applications in one process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "dropsight_requests",
            "Requests answered, by endpoint and HTTP status.",
            ["endpoint", "status"],
            registry=self.registry,
        )
        self.batch_size = Histogram(
            "dropsight_batch_size",
            "Frames in one forward pass of predictions.",
            ["model"],
            buckets=SIZES,
            registry=self.registry,
        )
        self.queue_seconds = Histogram(
            "dropsight_queue_seconds",
            "A frame's wait for its forward pass.",
            ["model"],
            buckets=SHORT,
            registry=self.registry,
        )
        self.forward_seconds = Histogram(
            "dropsight_forward_seconds",
            "One forward pass, by purpose (predict, explain, warm-up).",
            ["model", "purpose"],
            buckets=SHORT,
            registry=self.registry,
        )
        self.explanation_seconds = Histogram(
            "dropsight_explanation_seconds",
            "One explanation of all its labels, from request to heatmaps.",
            ["model", "method"],
            buckets=LONG,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "dropsight_in_flight",
            "Requests being worked on (predict, explain).",
            ["purpose"],
            registry=self.registry,
        )

    def text(self) -> bytes:
        """The exposition, UTF-8."""
        return generate_latest(self.registry)
