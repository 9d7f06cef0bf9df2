"""Puts the bundle together: graph, manifest, card and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from training.cxr_pneumonia.calibrate import Calibration, fit
from training.cxr_pneumonia.card import render_card
from training.cxr_pneumonia.evaluate import evaluate
from training.cxr_pneumonia.export import export
from training.cxr_pneumonia.figures import COLOURS, draw_curves
from training.cxr_pneumonia.network import Ensemble, Served, SmallCoAtNet
from training.cxr_pneumonia.settings import Recipe
from training.cxr_pneumonia.torch_bundle import write_torch_bundle
from training.cxr_pneumonia.train import Member, logits_of
from training.films.data import LABELS, Floats, prepare, read_films
from training.films.figures import draw_calibration
from training.kit.bundle import check_bundle, sha256_of

NAMES = {
    "pneumonia": ("Pneumonia", "肺炎"),
    "bacterial": ("Bacterial pneumonia", "细菌性肺炎"),
    "viral": ("Viral pneumonia", "病毒性肺炎"),
}

MANIFEST = """\
schemaVersion: 1
name: cxr-pneumonia
version: 1.0.0
task: classification
multiLabel: true
runtime: onnx
artifact: {{path: model.onnx, sha256: "{digest}"}}
outputs: {{logits: logits, activations: activations}}
input: {{width: {size}, height: {size}, channels: 1, layout: NCHW, dtype: float32, \
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
  - {{method: grad-cam, labels: positive}}      # positive: each label at or above its threshold, \
else the most probable one
  - {{method: lime, labels: top, parameters: {{samples: 257, segments: 48, seed: 0}}}}
licence: Apache-2.0 (weights); trained on data under CC BY 4.0 (Kermany, Zhang, Goldbaum, \
doi:10.17632/rscbjbr9sj)
intendedUse: >-
  Demonstration and research. Sorts frontal chest films of children aged 1 to 5 into normal,
  bacterial and viral pneumonia. Not a medical device; not for diagnosis or treatment.
"""


def render_manifest(recipe: Recipe, calibration: Calibration, digest: str) -> str:
    """The text of `model.yaml`."""
    labels = "\n".join(
        f"  - {{id: {label}, name: {{en: {NAMES[label][0]}, zh: {NAMES[label][1]}}}, "
        f'threshold: {calibration.thresholds[k]}, color: "{COLOURS[label]}"}}'
        for k, label in enumerate(LABELS)
    )
    return MANIFEST.format(
        digest=digest,
        size=recipe.size,
        mean=recipe.mean,
        std=recipe.std,
        labels=labels,
        temperature=calibration.temperature,
    )


def load_member(member: Member) -> SmallCoAtNet:
    """The net with the weights that did best on dev."""
    net = SmallCoAtNet()
    net.load_state_dict(torch.load(member.best_weights, weights_only=True))
    return net.eval()


def held_out_logits(member: Member, net: SmallCoAtNet, recipe: Recipe) -> tuple[Floats, Floats]:
    """Logits and targets (N, 3) of the patients that this member never saw."""
    views = [prepare(film.pixels, recipe.size, recipe.mean, recipe.std) for film in member.dev]
    return logits_of(net, views).numpy(), np.stack([film.target for film in member.dev])


def histories_of(recipe: Recipe, run: Path) -> list[list[dict[str, float]]]:
    """The figures of each epoch, by member."""
    return [
        [json.loads(line) for line in (run / f"member{index}.jsonl").read_text().splitlines()]
        for index in range(recipe.members)
    ]


def write_bundles(recipe: Recipe, folder: Path, run: Path, out: Path) -> tuple[Path, Path]:
    """The ONNX bundle in `out` and the same net for PyTorch in `<out>-torch`; both folders.

    Each holds its artifact, `model.yaml` and `MODEL_CARD.md`; the first the pictures, too.
    """
    out.mkdir(parents=True, exist_ok=True)
    members = [Member(recipe, index, folder, run) for index in range(recipe.members)]
    nets = [load_member(member) for member in members]
    held_out = [
        held_out_logits(member, net, recipe) for member, net in zip(members, nets, strict=True)
    ]
    calibration = fit(
        np.concatenate([logits for logits, _ in held_out]),
        np.concatenate([target for _, target in held_out]),
    )

    model = out / "model.onnx"
    offset = torch.tensor(calibration.offset)
    export(Ensemble(nets, offset), model, recipe.size)
    manifest = render_manifest(recipe, calibration, sha256_of(model))
    (out / "model.yaml").write_text(manifest, encoding="utf-8")
    beside = out.with_name(f"{out.name}-torch")
    write_torch_bundle(beside, Served(nets, offset), model, manifest)

    report = evaluate(model, read_films(folder, "val", recipe.limit), folder, recipe, calibration)
    histories = histories_of(recipe, run)
    draw_curves(histories, out / "curves.png")
    draw_calibration(report.probability, report.target, COLOURS, out / "calibration.png")
    card = render_card(
        recipe,
        calibration,
        report,
        histories,
        [len(member.dev) for member in members],
        float(np.concatenate([target for _, target in held_out])[:, 0].mean()),
        model.stat().st_size,
    )
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    check_bundle(out)
    check_bundle(beside)
    return out, beside
