"""Every step run twice, at once, out of order or killed half-way, on the real embedded adapters."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dropsight.adapters.backend import open_backend
from dropsight.adapters.embedded.queue import SqliteQueue, Subscription
from dropsight.domain.errors import (
    BackendUnavailable,
    InferenceFailed,
    LeaseHeld,
)
from dropsight.domain.events import (
    TOPIC_EXPLAIN,
    TOPIC_FINALIZED,
    TOPIC_PREDICT,
    DeadLetter,
    ExplanationRequested,
    ObjectFinalized,
    PredictionRequested,
    push_subscription,
)
from dropsight.domain.results import Lease, Result
from dropsight.domain.wire import decode, encode, replace
from dropsight.pipeline.ingest import Ingest
from dropsight.pipeline.replay import Replay
from dropsight.ports import ObjectInfo, ObjectStore
from dropsight.settings import Budgets, Settings
from tests.toy_pipeline import BrightnessEngine, ToyPipeline

pytestmark = pytest.mark.integration


@dataclass
class Laptop(ToyPipeline):
    queue: SqliteQueue

    def pulled(self, topic: str) -> list[bytes]:
        """The bodies that wait on `topic`; they are acknowledged."""
        deliveries = self.queue.pull(push_subscription(topic), 1000)
        for delivery in deliveries:
            self.queue.ack(delivery.ack_id)
        return [delivery.data for delivery in deliveries]

    def requested_predictions(self) -> list[PredictionRequested]:
        return [decode(body, PredictionRequested) for body in self.pulled(TOPIC_PREDICT)]

    def requested_explanations(self) -> list[ExplanationRequested]:
        return [decode(body, ExplanationRequested) for body in self.pulled(TOPIC_EXPLAIN)]

    def result(self) -> Result:
        (only,) = self.backend.results.list()
        return only

    def artifacts(self) -> list[str]:
        return [info.name for info in self.backend.objects.list(self.settings.results_bucket)]


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    settings = Settings(root=tmp_path, lease_s=30.0)
    backend = open_backend(settings)
    queue = backend.publisher
    assert isinstance(queue, SqliteQueue)
    for topic in (TOPIC_FINALIZED, TOPIC_PREDICT, TOPIC_EXPLAIN):
        queue.subscribe(Subscription(name=push_subscription(topic), topic=topic))
    return Laptop(settings, backend, BrightnessEngine(), queue)


def at_once(count: int, call: Callable[[], object]) -> list[object]:
    """Run `call` in `count` threads that start together; what each returned or raised."""
    barrier = threading.Barrier(count)
    outcomes: list[object] = []

    def run() -> None:
        barrier.wait()
        try:
            outcomes.append(call())
        except LeaseHeld as held:
            outcomes.append(held)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_one_upload_goes_from_queued_to_explained(laptop: Laptop):
    laptop.ingest(laptop.drop())
    assert laptop.result().status == "queued"
    (request,) = laptop.requested_predictions()
    laptop.predict(request)
    predicted = laptop.result()
    assert predicted.status == "predicted"
    assert [(f.label, round(f.probability, 3)) for f in predicted.positives] == [("bright", 0.784)]
    requests = laptop.requested_explanations()
    assert [(r.method, r.labels) for r in requests] == [
        ("grad-cam", ["bright"]),
        ("lime", ["bright"]),
    ]
    for one in requests:
        laptop.explain(one)
    result = laptop.result()
    assert result.status == "explained"
    assert result.error is None
    assert [e.status for e in result.explanations] == ["done", "done"]
    assert result.leases == {}
    stored = set(laptop.artifacts())
    assert {a.object for a in result.artifacts} == stored
    assert len(stored) == 5  # the picture, and a heatmap and an overlay for each method
    assert list(result.timestamps) == ["queued", "prepared", "predicted", "explained"]


def test_twenty_deliveries_at_once_decode_the_file_once(laptop: Laptop):
    event = laptop.drop()
    outcomes = at_once(20, lambda: laptop.ingest(event))
    assert sum(isinstance(one, Result) for one in outcomes) >= 1
    assert len(laptop.requested_predictions()) == 1
    assert len(laptop.artifacts()) == 1
    assert laptop.result().status == "queued"


def test_twenty_predictions_at_once_run_the_model_once(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    laptop.engine.before = lambda: time.sleep(0.05)
    at_once(20, lambda: laptop.predict(request))
    assert laptop.engine.forwards == 1
    assert laptop.result().status == "predicted"


def test_a_whole_upload_delivered_twice_is_one_result_with_one_set_of_artifacts(laptop: Laptop):
    event = laptop.drop()
    laptop.ingest(event)
    (request,) = laptop.requested_predictions()
    laptop.predict(request)
    explanations = laptop.requested_explanations()
    for one in explanations:
        laptop.explain(one)
    before = (laptop.result(), laptop.artifacts())
    laptop.ingest(event)
    laptop.predict(request)
    for one in explanations:
        laptop.explain(one)
    assert (laptop.result(), laptop.artifacts()) == before
    assert laptop.requested_predictions() == []
    assert laptop.requested_explanations() == []


def test_an_ingest_that_died_before_publishing_is_completed_by_the_next_delivery(laptop: Laptop):
    class Dead(Exception):
        pass

    class DyingPublisher:
        def publish(
            self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None
        ) -> str:
            raise Dead

    event = laptop.drop()
    dying = Ingest(**{**vars(laptop.ingest), "publisher": DyingPublisher()})
    with pytest.raises(Dead):
        dying(event)
    assert "prepared" in laptop.result().timestamps
    laptop.backend.objects.delete(event.bucket, event.name)  # nobody needs to read it again
    laptop.ingest(event)
    (request,) = laptop.requested_predictions()
    laptop.predict(request)
    assert laptop.result().status == "predicted"


def test_the_lease_of_a_killed_worker_blocks_until_it_runs_out(laptop: Laptop):
    event = laptop.drop()
    result = laptop.ingest(event)
    laptop.requested_predictions()

    def as_if_killed_while_decoding(stored: Result) -> Result:
        lease = Lease(owner="killed", expires_at=time.time() + 30)
        return replace(stored, timestamps={"queued": 1.0}, leases={"ingest": lease})

    laptop.backend.results.update(result.result_id, as_if_killed_while_decoding)
    with pytest.raises(LeaseHeld):
        laptop.ingest(event)
    laptop.backend.results.update(result.result_id, _with_expired_leases)
    laptop.ingest(event)
    assert len(laptop.requested_predictions()) == 1
    assert len(laptop.artifacts()) == 1


def test_a_prediction_that_died_before_asking_for_explanations_asks_again(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    laptop.predict(request)
    lost = laptop.requested_explanations()
    laptop.predict(request)
    assert [(r.method, r.labels) for r in laptop.requested_explanations()] == [
        (r.method, r.labels) for r in lost
    ]


def test_a_transient_error_gives_the_lease_back_and_is_raised(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    laptop.engine.fail_with = BackendUnavailable("no answer")
    with pytest.raises(BackendUnavailable):
        laptop.predict(request)
    assert "predict" not in laptop.result().leases
    laptop.engine.fail_with = None
    laptop.predict(request)
    assert laptop.result().status == "predicted"


def test_a_model_that_refuses_the_input_makes_a_failed_result(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    laptop.engine.fail_with = InferenceFailed("the model said no")
    laptop.predict(request)
    result = laptop.result()
    assert result.status == "failed"
    assert result.error is not None
    assert (result.error.code, result.error.stage) == ("inference-failed", "predict")


def test_an_explanation_that_cannot_be_made_leaves_the_findings_standing(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    laptop.predict(request)
    laptop.engine.fail_with = InferenceFailed("the model said no")
    for one in laptop.requested_explanations():
        laptop.explain(one)
    result = laptop.result()
    assert result.status == "explained"
    assert len(result.findings) == 2
    assert [e.status for e in result.explanations] == ["failed", "failed"]


def test_a_refusal_is_a_failed_result_that_says_what_was_expected(laptop: Laptop):
    laptop.ingest(laptop.drop(size=8))
    result = laptop.result()
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.code == "contract-refused"
    assert "16" in result.error.message
    assert "8" in result.error.message
    assert result.source.format == "png"
    assert laptop.requested_predictions() == []


def test_an_unknown_route_is_a_failed_result(laptop: Laptop):
    laptop.ingest(laptop.drop("nowhere/a.png"))
    error = laptop.result().error
    assert error is not None
    assert error.code == "no-route"


def test_a_file_over_its_budget_is_refused_unread(laptop: Laptop):
    laptop.settings = Settings(root=laptop.settings.root, budgets=Budgets(bytes=10))
    laptop.ingest(laptop.drop())
    error = laptop.result().error
    assert error is not None
    assert error.code == "budget-exceeded"


def test_a_file_that_was_replaced_before_it_was_read_says_so_and_the_new_one_counts(
    laptop: Laptop,
):
    old = laptop.drop(value=200)
    new = laptop.drop(value=20)
    laptop.ingest(old)
    laptop.ingest(new)
    by_generation = {r.source.generation: r for r in laptop.backend.results.list()}
    gone = by_generation[old.generation]
    assert gone.error is not None
    assert gone.error.code == "object-gone"
    assert by_generation[new.generation].status == "queued"


def test_a_deleted_result_is_left_alone_by_late_messages(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    laptop.backend.results.delete(request.result_id)
    assert laptop.predict(request) is None
    assert laptop.backend.results.list() == []


def test_a_dead_letter_is_kept_shown_and_replayed(laptop: Laptop):
    laptop.ingest(laptop.drop())
    (request,) = laptop.requested_predictions()
    letter = DeadLetter(
        message_id="m1",
        topic=TOPIC_PREDICT,
        data=encode(request).decode(),
        attempts=5,
        reason="503",
        failed_at=1.0,
    )
    laptop.dead_letter(letter)
    laptop.dead_letter(letter)
    error = laptop.result().error
    assert error is not None
    assert error.code == "delivery-exhausted"
    assert "dropsight dlq replay m1" in error.message
    (kept,) = laptop.backend.dead_letters.list()
    assert kept.result_id == request.result_id
    Replay(laptop.backend.dead_letters, laptop.backend.results, laptop.queue)("m1")
    assert laptop.backend.dead_letters.list() == []
    (again,) = laptop.requested_predictions()
    laptop.predict(again)
    assert laptop.result().status == "predicted"


def test_an_upload_that_always_kills_the_function_becomes_a_failed_result(laptop: Laptop):
    event = laptop.drop()
    letter = DeadLetter(
        message_id="m2",
        topic=TOPIC_FINALIZED,
        data=encode(event).decode(),
        attempts=5,
        reason="connection reset",
        failed_at=1.0,
    )
    laptop.dead_letter(letter)
    assert laptop.result().status == "failed"
    Replay(laptop.backend.dead_letters, laptop.backend.results, laptop.queue)("m2")
    assert laptop.result().status == "queued"
    (body,) = laptop.pulled(TOPIC_FINALIZED)
    laptop.ingest(decode(body, ObjectFinalized))
    (request,) = laptop.requested_predictions()
    laptop.predict(request)
    assert laptop.result().status == "predicted"


def test_a_message_that_is_not_ours_is_kept_without_a_result(laptop: Laptop):
    laptop.dead_letter(
        DeadLetter(
            message_id="m3", topic="other", data="{}", attempts=5, reason="400", failed_at=1.0
        )
    )
    (kept,) = laptop.backend.dead_letters.list()
    assert kept.result_id is None
    assert laptop.backend.results.list() == []


def _with_expired_leases(result: Result) -> Result:
    """As it stands some time later, without the waiting."""
    leases = {stage: replace(lease, expires_at=0.0) for stage, lease in result.leases.items()}
    return replace(result, leases=leases)


def test_an_ingest_whose_bucket_does_not_answer_gives_its_lease_back(laptop: Laptop):
    class DeafBuckets:
        """Reads as before, writes never."""

        def __init__(self, objects: ObjectStore) -> None:
            self.stat, self.read = objects.stat, objects.read

        def write(self, *arguments: object, **options: object) -> ObjectInfo:
            raise BackendUnavailable("no answer")

    event = laptop.drop()
    deaf = Ingest(**{**vars(laptop.ingest), "objects": DeafBuckets(laptop.backend.objects)})
    with pytest.raises(BackendUnavailable):
        deaf(event)
    laptop.ingest(event)  # at once: no lease is in the way
    assert len(laptop.requested_predictions()) == 1
