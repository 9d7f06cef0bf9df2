import pytest

from dropsight.domain.errors import BurnedInText, LeaseHeld
from dropsight.domain.events import ExplanationRequested, ObjectRef
from dropsight.domain.progress import (
    add_explanation,
    asked_for,
    claim,
    error_record,
    mark_deleted,
    mark_deleting,
    mark_explained,
    mark_explanations_failed,
    mark_failed,
    mark_predicted,
    release,
    reopen,
)
from dropsight.domain.results import Artifact, Explanation, Finding, Result, Source
from dropsight.domain.wire import replace

pytestmark = pytest.mark.unit

QUEUED = Result(
    result_id="r",
    status="queued",
    timestamps={"queued": 1.0},
    source=Source(bucket="b", object="o", generation=1),
)
FINDING = Finding(label="a", probability=0.9, positive=True)
CAM = Explanation(method="grad-cam", label="a")
LIME = Explanation(method="lime", label="a")
ERROR = error_record(BurnedInText("sentence"), "ingest")


def _asking(method: str, label: str = "a", object_index: int | None = None) -> ExplanationRequested:
    return ExplanationRequested(
        result_id="r",
        model="m",
        frame=ObjectRef(bucket="w", name="f", generation=1),
        method=method,
        labels=[label],
        object_index=object_index,
        requested_at=1.0,
    )


def predicted() -> Result:
    result = mark_predicted(QUEUED, [FINDING], [CAM, LIME], {"predict.forward": 5.0}, 2.0)
    assert result is not None
    return result


def test_a_lease_keeps_a_second_worker_off_until_it_expires():
    leased = claim(QUEUED, "predict", "one", now=10.0, seconds=5.0)
    assert leased is not None
    with pytest.raises(LeaseHeld, match="predict is being worked on by one") as caught:
        claim(leased, "predict", "two", now=12.0, seconds=5.0)
    assert caught.value.retry_after_s == 3.0
    taken_over = claim(leased, "predict", "two", now=15.0, seconds=5.0)
    assert taken_over is not None
    assert taken_over.leases["predict"].owner == "two"


def test_only_its_owner_releases_a_lease():
    leased = claim(QUEUED, "predict", "one", now=10.0, seconds=5.0)
    assert leased is not None
    assert release(leased, "predict", "two") is None
    released = release(leased, "predict", "one")
    assert released is not None
    assert released.leases == {}


def test_a_prediction_without_explanations_is_explained_at_once():
    result = mark_predicted(QUEUED, [FINDING], [], {}, 2.0)
    assert result is not None
    assert result.status == "explained"
    assert result.timestamps == {"queued": 1.0, "predicted": 2.0, "explained": 2.0}


def test_a_result_is_explained_when_its_last_explanation_is():
    first = mark_explained(predicted(), [replace(CAM, status="done")], [], {}, 3.0)
    assert first is not None
    assert first.status == "predicted"
    second = mark_explained(first, [replace(LIME, status="done")], [], {"x": 1.0}, 4.0)
    assert second is not None
    assert second.status == "explained"
    assert second.timestamps["explained"] == 4.0
    assert second.timeline == {"predict.forward": 5.0, "x": 1.0}


def test_a_second_delivery_changes_nothing():
    result = predicted()
    assert mark_predicted(result, [], [], {}, 9.0) is None
    done = mark_explained(result, [replace(CAM, status="done", seed=1)], [], {}, 3.0)
    assert done is not None
    assert mark_explained(done, [replace(CAM, status="done", seed=2)], [], {}, 9.0) is None


def test_an_artifact_is_listed_once():
    picture = Artifact(name="p", media_type="image/png", object="r/p.png", bucket="results")
    first = mark_explained(predicted(), [replace(CAM, status="done")], [picture], {}, 3.0)
    assert first is not None
    second = mark_explained(first, [replace(LIME, status="done")], [picture], {}, 4.0)
    assert second is not None
    assert second.artifacts == [picture]


def test_a_result_never_moves_backwards():
    failed = mark_failed(QUEUED, ERROR, 2.0)
    assert failed is not None
    assert failed.status == "failed"
    assert mark_predicted(failed, [FINDING], [], {}, 3.0) is None
    assert mark_failed(failed, ERROR, 3.0) is None


def test_a_failed_explanation_leaves_the_findings_standing():
    result = mark_explanations_failed(predicted(), _asking("lime"), ERROR, 3.0)
    assert result is not None
    assert result.status == "predicted"
    assert [e.status for e in result.explanations] == ["pending", "failed"]
    settled = mark_failed(result, ERROR, 4.0)
    assert settled is not None
    assert settled.status == "explained"
    assert settled.findings == [FINDING]
    assert settled.error is None


def test_reopening_takes_a_failure_back_to_where_its_message_starts():
    failed = mark_failed(QUEUED, ERROR, 2.0)
    assert failed is not None
    reopened = reopen(failed, 5.0)
    assert reopened is not None
    assert reopened.status == "queued"
    settled = mark_failed(predicted(), ERROR, 3.0)
    assert settled is not None
    again = reopen(settled, 5.0)
    assert again is not None
    assert again.status == "predicted"
    assert [e.status for e in again.explanations] == ["pending", "pending"]


def test_a_tombstone_has_nothing_of_the_result_but_its_id_and_its_upload():
    tombstone = mark_deleting(predicted(), 3.0)

    assert tombstone == Result(
        result_id=QUEUED.result_id,
        status="deleting",
        timestamps={"deleting": 3.0},
        source=Source(
            bucket=QUEUED.source.bucket,
            object=QUEUED.source.object,
            generation=QUEUED.source.generation,
        ),
    )
    assert mark_deleting(tombstone, 4.0) is None


def test_a_tombstone_forgets_the_upload_once_that_is_gone_too():
    tombstone = mark_deleting(QUEUED, 3.0)
    assert tombstone is not None
    kept = mark_deleted(tombstone, 4.0, forget_upload=False)
    assert kept is not None
    assert (kept.status, kept.source) == ("deleted", tombstone.source)
    assert mark_deleted(kept, 5.0, forget_upload=False) is None
    forgotten = mark_deleted(kept, 5.0, forget_upload=True)
    assert forgotten is not None
    assert forgotten.source == Source(bucket="", object="", generation=0)
    assert forgotten.timestamps == {"deleting": 3.0, "deleted": 4.0}


@pytest.mark.parametrize("finished", [False, True])
def test_no_step_brings_a_deleted_result_back(finished: bool):
    tombstone = mark_deleting(predicted(), 3.0)
    assert tombstone is not None
    if finished:
        tombstone = mark_deleted(tombstone, 4.0, forget_upload=False)
        assert tombstone is not None

    assert mark_predicted(tombstone, [FINDING], [], {}, 5.0) is None
    assert mark_explained(tombstone, [], [], {}, 5.0) is None
    assert mark_explanations_failed(tombstone, _asking("lime"), ERROR, 5.0) is None
    assert mark_failed(tombstone, ERROR, 5.0) is None
    assert reopen(tombstone, 5.0) is None


def test_an_explanation_on_request_is_added_once_and_again_only_after_a_failure():
    explained = mark_predicted(QUEUED, [FINDING], [], {}, 2.0)
    assert explained is not None
    wanted = Explanation(method="lime", label="a", object_index=3)
    asked = add_explanation(explained, wanted)
    assert asked is not None
    assert (asked.status, asked.explanations) == ("explained", [wanted])
    assert add_explanation(asked, wanted) is None
    done = mark_explained(asked, [replace(wanted, status="done")], [], {}, 3.0)
    assert done is not None
    assert add_explanation(done, wanted) is None
    failed = mark_explanations_failed(asked, _asking("lime", object_index=3), ERROR, 3.0)
    assert failed is not None
    assert add_explanation(failed, wanted) == asked


def test_a_message_answers_for_its_own_method_label_frame_and_object_alone():
    third, fourth = (Explanation(method="lime", label="a", object_index=n) for n in (3, 4))
    other = Explanation(method="lime", label="b")
    result = replace(predicted(), explanations=[CAM, LIME, third, fourth, other])

    assert asked_for(result, _asking("lime")) == [LIME]
    assert asked_for(result, _asking("lime", "b")) == [other]
    assert asked_for(result, _asking("lime", object_index=4)) == [fourth]
    assert asked_for(result, _asking("lime", "b", object_index=4)) == []
    assert asked_for(replace(result, explanations=[replace(LIME, frame=1)]), _asking("lime")) == []


def test_replaying_one_explanation_leaves_the_other_failures_alone():
    failed = mark_failed(predicted(), ERROR, 3.0)
    assert failed is not None

    again = reopen(failed, 5.0, _asking("lime"))

    assert again is not None
    assert [e.status for e in again.explanations] == ["failed", "pending"]
