"""Results and dead letters for the contract tests."""

from __future__ import annotations

from typing import Any

from dropsight.domain.events import DeadLetter
from dropsight.domain.feedback import Author, Feedback
from dropsight.domain.results import (
    Artifact,
    ErrorRecord,
    Explanation,
    Finding,
    Lease,
    ModelReference,
    ProvenanceStep,
    Result,
    Source,
    Study,
)


def queued(result_id: str = "r1", at: float = 1.0, **changes: Any) -> Result:
    fields: dict[str, Any] = {
        "result_id": result_id,
        "status": "queued",
        "timestamps": {"queued": at},
        "source": Source(bucket="landing", object="cxr/film 1.dcm", generation=1700000000000001),
        **changes,
    }
    return Result(**fields)


def full(result_id: str = "full") -> Result:
    """A value in every field, with what is easily lost: 64-bit numbers, whole floats, None,
    nesting, text beyond ASCII, empty lists and maps."""
    return queued(
        result_id,
        at=1700000000.123456,
        project="north",
        model=ModelReference(
            name="cxr", version="1", digest="sha256:0", runtime="onnx", task="detection"
        ),
        study=Study(patient_id="p", attributes={"Manufacturer": "Müller 病院 🩻"}),
        provenance=[
            ProvenanceStep(
                step="window",
                parameters={
                    "center": 40.0,
                    "width": 400,
                    "slope": -2.0,
                    "tiny": 5e-324,
                    "large": 2**63 - 1,
                    "small": -(2**63),
                    "third": 1 / 3,
                    "inverted": False,
                    "frame": None,
                    "empty": {},
                    "none": [],
                    "points": [{"xy": [1, 2.0]}, {"xy": []}],
                },
            )
        ],
        frames=2,
        findings=[
            Finding(label="cell", probability=1.0, box=[0.0, 1.0, 2.5, 3.0], score=0.25),
            Finding(
                label="cell", probability=0.5, mask={"size": [2, 3], "counts": "0"}, positive=True
            ),
        ],
        explanations=[Explanation(method="lime", label="cell", seed=0, fidelity={"r2": 1.0})],
        artifacts=[Artifact(name="a", media_type="image/png", object="o", bucket="b", size=1)],
        timeline={"ingest.decode": 12.0},
        error=ErrorRecord(code="x", message="why", retryable=False, stage="predict"),
        leases={"predict": Lease(owner="w", expires_at=2.0)},
    )


def letter(
    message_id: str = "m1",
    failed_at: float = 1.0,
    reason: str = "503",
    result_id: str | None = None,
) -> DeadLetter:
    return DeadLetter(
        message_id=message_id,
        topic="dropsight-predict",
        data='{"resultId": "r1"}',
        attributes={"a": "ü"},
        attempts=5,
        reason=reason,
        failed_at=failed_at,
        result_id=result_id,
    )


def feedback(
    feedback_id: str = "f1", result_id: str = "r1", at: float = 1.5, **changes: Any
) -> Feedback:
    fields: dict[str, Any] = {
        "feedback_id": feedback_id,
        "result_id": result_id,
        "verdict": "agree",
        "comment": "Müller 病院",
        "author": Author(uid="u1", name="A. Reader"),
        "created_at": at,
        **changes,
    }
    return Feedback(**fields)
