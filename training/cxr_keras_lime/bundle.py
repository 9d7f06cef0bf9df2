"""Puts the bundle together: net, manifest, card and pictures."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from training.cxr_keras_lime.calibrate import Calibration, fit
from training.cxr_keras_lime.card import render_card
from training.cxr_keras_lime.evaluate import evaluate
from training.cxr_keras_lime.network import build
from training.cxr_keras_lime.settings import Recipe
from training.cxr_keras_lime.targets import hard_targets
from training.cxr_keras_lime.train import as_input
from training.films.data import KINDS, hold_out, read_films, training_films
from training.films.figures import draw_calibration
from training.kit.bundle import check_bundle, sha256_of
from training.kit.figures import draw_history
from training.kit.run import History

NAMES = {
    "normal": ("No pneumonia", "未见肺炎"),
    "bacterial": ("Bacterial pneumonia", "细菌性肺炎"),
    "viral": ("Viral pneumonia", "病毒性肺炎"),
}
COLOURS = {"normal": "#999999", "bacterial": "#0072B2", "viral": "#009E73"}
"""From the palette of Okabe and Ito, as those of cxr-pneumonia."""
PANELS = {
    "loss, training": ["train"],
    "loss, dev": ["dev_plain", "dev_shifted"],
    "balanced accuracy, dev": ["dev_accuracy", "dev_accuracy_shifted"],
    "learning rate": ["rate"],
}

MANIFEST = """\
schemaVersion: 1
name: cxr-keras-lime
version: 1.0.0
task: classification
multiLabel: false
runtime: tensorflow
artifact: {{path: model.keras, sha256: "{digest}"}}
routedByAttributes: false    # a DICOM file in the root is for cxr-pneumonia
# Greyscale is repeated to three channels by the pipeline.
input: {{width: {size}, height: {size}, channels: 3, layout: NHWC, dtype: float32, \
resize: stretch, scale: 1.0, mean: [{mean}], std: [{std}]}}
accepts:
  formats: [dicom, png, jpeg, tiff, webp, bmp]
  modality: [CR, DX, RG]     # DICOM only
  bodyPart: [CHEST]          # DICOM only, empty value is tolerated
  view: [AP, PA]             # DICOM only, empty value is tolerated
  minimumSize: [128, 128]
labels:
{labels}
calibration: {{temperature: {temperature}}}
explanations:
  - {{method: lime, labels: top, parameters: {{samples: 257, segments: 48, seed: 0}}}}
  - {{method: grad-cam, labels: top, parameters: {{layer: maps}}}}
licence: Apache-2.0 (weights); trained on data under CC BY 4.0 (Kermany, Zhang, Goldbaum, \
doi:10.17632/rscbjbr9sj)
intendedUse: >-
  Demonstration and research. Sorts frontal chest films of children aged 1 to 5 into normal,
  bacterial and viral pneumonia. Not a medical device; not for diagnosis or treatment.
"""


def render_manifest(recipe: Recipe, calibration: Calibration, digest: str) -> str:
    """The text of `model.yaml`."""
    labels = "\n".join(
        f"  - {{id: {kind}, name: {{en: {NAMES[kind][0]}, zh: {NAMES[kind][1]}}}, "
        f'threshold: {threshold}, color: "{COLOURS[kind]}"}}'
        for kind, threshold in zip(KINDS, calibration.thresholds, strict=True)
    )
    return MANIFEST.format(
        digest=digest,
        size=recipe.size,
        mean=recipe.mean,
        std=recipe.std,
        labels=labels,
        temperature=calibration.temperature,
    )


def load_net(recipe: Recipe, run: Path) -> keras.Model:
    """The net with the weights that did best on dev, in float32."""
    keras.config.set_dtype_policy("float32")
    net = build(recipe, training=False)
    with np.load(run / "best.npz") as stored:
        net.set_weights([stored[name] for name in stored.files])
    return net


def write_bundle(recipe: Recipe, folder: Path, run: Path, out: Path) -> None:
    """Writes `model.keras`, `model.yaml`, `MODEL_CARD.md` and two pictures into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    net = load_net(recipe, run)
    films, dev = hold_out(training_films(folder, recipe.limit), 0, recipe.folds, recipe.seed)
    views = np.stack([as_input(film.pixels, recipe) for film in dev])
    calibration = fit(net.predict(views, batch_size=32, verbose=0), hard_targets(dev))

    head = net.get_layer("logits")
    head.bias.assign(head.bias + np.array(calibration.offset, np.float32))
    model = out / "model.keras"
    net.save(model)
    text = render_manifest(recipe, calibration, sha256_of(model))
    (out / "model.yaml").write_text(text, encoding="utf-8")

    history = History.resumed(run / "history.jsonl", "dev", "lower", recipe.patience)
    draw_history(history.entries, PANELS, out / "curves.png")
    report = evaluate(out, read_films(folder, "val", recipe.limit), folder)
    draw_calibration(report.probability, report.target, COLOURS, out / "calibration.png")
    card = render_card(
        recipe,
        calibration,
        report,
        history,
        films=(len(films), len(dev)),
        weights=net.count_params(),
        size_in_bytes=model.stat().st_size,
    )
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    check_bundle(out)
