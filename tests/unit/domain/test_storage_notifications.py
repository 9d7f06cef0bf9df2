"""What terraform/ expects of the function `ingest`."""

import base64
import json
from pathlib import Path

import pytest

from dropsight.domain.errors import ManifestInvalid, MessageInvalid
from dropsight.domain.events import ObjectFinalized, notified, object_finalized
from dropsight.domain.manifests import load_manifests

pytestmark = pytest.mark.unit

MODELS = Path(__file__).parents[3] / "models"
NOTIFICATION = {
    "kind": "storage#object",
    "name": "cxr/scan.dcm",
    "bucket": "landing",
    "generation": "1732171200000000",
    "size": "4",
    "contentType": "application/dicom",
}


def pushed(body: bytes) -> dict[str, object]:
    """`data` of the CloudEvent that functions-framework makes of a push."""
    attributes = {"eventType": "OBJECT_FINALIZE", "payloadFormat": "JSON_API_V1"}
    message = {"data": base64.b64encode(body).decode(), "attributes": attributes, "messageId": "1"}
    return {"message": message}


def test_a_storage_notification_in_a_push_is_the_same_upload_as_a_storage_event():
    event = object_finalized(pushed(json.dumps(NOTIFICATION).encode()))
    assert event == object_finalized(NOTIFICATION)
    assert event == ObjectFinalized(
        bucket="landing",
        name="cxr/scan.dcm",
        generation=1_732_171_200_000_000,
        size=4,
        content_type="application/dicom",
    )


def test_a_dead_storage_notification_is_read_as_it_was_sent():
    assert notified(json.dumps(NOTIFICATION)).generation == 1_732_171_200_000_000


@pytest.mark.parametrize("data", [pushed(b"{"), pushed(b"{}"), {"message": {"data": "?"}}])
def test_a_push_that_is_no_notification_is_refused(data: dict[str, object]):
    with pytest.raises(MessageInvalid, match="not a storage notification"):
        object_finalized(data)


def test_only_the_models_that_are_served_are_routed_to():
    assert list(load_manifests(MODELS, "cxr-pneumonia, blood-cells")) == [
        "blood-cells",
        "cxr-pneumonia",
    ]
    assert len(load_manifests(MODELS)) > 2


def test_a_model_that_is_served_but_not_there_is_refused():
    with pytest.raises(ManifestInvalid, match="found dove, legal are blood-cells"):
        load_manifests(MODELS, "cxr-pneumonia,dove")
