import sys

import msgspec
import pytest

from dropsight.cli.installed import not_servable
from dropsight.domain.manifests import ArtifactFile, InputSpec, Label, Manifest

pytestmark = pytest.mark.unit

ONNX = Manifest(
    name="one",
    version="1",
    task="classification",
    runtime="onnx",
    artifact=ArtifactFile(path="m.onnx", sha256="0" * 64),
    input=InputSpec(width=4, height=4, channels=1),
    labels=[Label(id="a")],
    licence="Apache-2.0",
    intended_use="tests",
)
MODELS = {
    "one": ONNX,
    "flow": msgspec.structs.replace(ONNX, name="flow", runtime="tensorflow"),
    "own": msgspec.structs.replace(ONNX, name="own", task="module", runtime="module"),
}


@pytest.fixture(autouse=True)
def _without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)


def test_only_what_needs_the_missing_runtime_is_left_out():
    assert not_servable(MODELS) == {
        "flow": "runtime tensorflow is not installed; pip install 'dropsight-inference[tensorflow]'"
    }


def test_a_model_that_is_asked_for_is_not_left_out_and_the_others_are():
    assert not_servable(MODELS, serve="flow, own") == {"one": "DROPSIGHT_SERVE names flow, own"}
