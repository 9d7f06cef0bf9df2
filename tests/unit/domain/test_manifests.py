from pathlib import Path

import pytest

from dropsight.domain.errors import ManifestInvalid
from dropsight.domain.manifests import load_manifests, parse_manifest

pytestmark = pytest.mark.unit

GOOD = """
schemaVersion: 1
name: toy
version: 1.0.0
task: classification
runtime: onnx
artifact: {path: model.onnx, sha256: "%s"}
outputs: {logits: logits, activations: activations}
input: {width: 4, height: 4, channels: 1, mean: [0.5], std: [0.25]}
labels:
  - {id: yes, name: {en: Yes, de: Ja}, threshold: 0.4}
  - {id: no}
explanations: [{method: grad-cam}]
licence: Apache-2.0
intendedUse: tests
""" % ("0" * 64)
GOOD = GOOD.replace("id: yes", "id: 'yes'").replace("id: no", "id: 'no'").replace("Yes", "'Yes'")


def test_a_good_manifest_is_read_with_its_defaults():
    manifest = parse_manifest(GOOD)
    assert manifest.input.layout == "NCHW"
    assert manifest.label("no").threshold == 0.5
    assert manifest.label("yes").display_name("de") == "Ja"
    assert manifest.label("yes").display_name("fr") == "Yes"
    assert manifest.label("no").display_name() == "no"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("task: classification", "task: guessing", "`$.task`"),
        ("width: 4", "width: 0", "`$.input.width`"),
        ("channels: 1", "channels: 2", "`$.input.channels`"),
        ("channels: 1", "chanels: 1", "chanels"),
        ("mean: [0.5]", "mean: [1, 2, 3]", "input.mean: found 3 values, legal are 1"),
        ("std: [0.25]", "std: [0]", "input.std: found 0"),
        ("threshold: 0.4", "threshold: 40", "`$.labels[0].threshold`"),
        ("id: 'no'", "id: 'yes'", "labels: ids must differ"),
        (", activations: activations", "", "outputs.activations: missing"),
        ('"%s"' % ("0" * 64), '"abc"', "`$.artifact.sha256`"),
        ("licence: Apache-2.0\n", "", "missing required field `licence`"),
        ("name: toy", "name: ../toy", "`$.name`"),
        ("labels:", "labels: [", "model.yaml"),
        ("channels: 1", "channels: 1, overlap: 2", "input.overlap: found 2 with resize: stretch"),
        ("channels: 1", "channels: 1, resize: tile", "input.resize: found 'tile' with task class"),
        ("channels: 1", "channels: 1, padding: 0.5", "input.padding: found 0.5 with resize: str"),
        (
            "channels: 1",
            "channels: 1, contrast: full, window: {center: 1, width: 2}",
            "input.contrast: found 'full' beside input.window",
        ),
    ],
)
def test_a_faulty_manifest_says_which_field(old: str, new: str, sentence: str):
    assert old in GOOD
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(GOOD.replace(old, new))
    assert sentence in str(caught.value)


DETECTOR = GOOD.replace("task: classification", "task: detection").replace(
    "explanations: [{method: grad-cam}]\n", ""
)
LOGITS = "outputs: {logits: logits, activations: activations}"
BOXES = "outputs: {boxes: {name: output0, layout: yolov8}}"


def test_a_detector_names_its_head_and_keeps_candidates_from_a_low_score_up():
    manifest = parse_manifest(DETECTOR.replace(LOGITS, BOXES))
    assert manifest.outputs.logits is None
    assert manifest.candidates.minimum_score == 0.01
    assert manifest.candidates.maximum == 1000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (DETECTOR, "outputs.logits: found, but task detection reads outputs.boxes"),
        (DETECTOR.replace(LOGITS, ""), "task detection needs either `boxes`"),
        (DETECTOR.replace(LOGITS, BOXES.replace("v8", "v9")), "`$.outputs.boxes.layout`"),
        (
            DETECTOR.replace(LOGITS, BOXES.replace("{boxes", "{values: probabilities, boxes")),
            "outputs.values: found 'probabilities', but task detection has no logits",
        ),
        (
            DETECTOR.replace(LOGITS, BOXES) + "explanations: [{method: lime}]",
            "explanations: found, but task detection has none",
        ),
        (
            DETECTOR.replace(LOGITS, "").replace("detection", "segmentation"),
            "task segmentation needs either `boxes`",
        ),
        (GOOD.replace(LOGITS, BOXES), "outputs.boxes: found, but task classification reads"),
    ],
)
def test_each_task_names_its_own_outputs(text: str, sentence: str):
    with pytest.raises(ManifestInvalid) as caught:
        parse_manifest(text)
    assert sentence in str(caught.value)


def test_the_digest_is_of_the_model_and_not_of_its_explanations():
    plain = parse_manifest(GOOD)
    explained = parse_manifest(GOOD.replace("[{method: grad-cam}]", "[{method: lime}]"))
    retrained = parse_manifest(GOOD.replace("0" * 64, "1" * 64))
    assert plain.digest == explained.digest
    assert plain.explanation_digest != explained.explanation_digest
    assert plain.digest != retrained.digest


def test_a_folder_without_bundles_says_where_it_looked(tmp_path: Path):
    with pytest.raises(ManifestInvalid, match="DROPSIGHT_MODELS"):
        load_manifests(tmp_path)


def test_two_bundles_may_not_share_a_name(tmp_path: Path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="names must differ"):
        load_manifests(tmp_path)


def test_labels_have_stable_colours_of_their_own_or_by_position():
    manifest = parse_manifest(GOOD.replace("threshold: 0.4", 'color: "#102030"'))
    assert manifest.colors == {"yes": "#102030", "no": "#56B4E9"}


def test_a_detectors_label_without_a_threshold_is_shown_from_a_low_score_on():
    text = GOOD.replace("task: classification", "task: detection").replace(
        "{logits: logits, activations: activations}", "{boxes: {name: o, layout: yolov8}}"
    )
    manifest = parse_manifest(text.replace("[{method: grad-cam}]", "[]"))
    assert (manifest.label("yes").threshold, manifest.label("no").threshold) == (0.4, 0.1)


@pytest.mark.parametrize("text", ["task: detection", "task: detection\nlabels: [a]", "- a"])
def test_what_is_no_manifest_is_refused_as_before(text: str):
    with pytest.raises(ManifestInvalid):
        parse_manifest(text)


@pytest.mark.parametrize(
    ("runtime", "path", "gradients"),
    [
        ("onnx", "m.onnx", False),
        ("torch", "m.pt2", True),
        ("tensorflow", "m.keras", True),
        ("tensorflow", "saved", False),
    ],
)
def test_gradients_are_there_where_the_runtime_has_layers(runtime: str, path: str, gradients: bool):
    text = GOOD.replace("runtime: onnx", f"runtime: {runtime}").replace("model.onnx", path)
    assert parse_manifest(text).has_gradients is gradients
