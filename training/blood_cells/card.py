"""The model card, written from the numbers of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .data import Truth
from .evaluate import IOU_CHOICES, OperatingPoints, Report
from .settings import LABELS, Recipe

CARD = """\
# blood-cells 1.0.0

Finds red blood cells, white blood cells and platelets in photographs of stained blood smears. One
ONNX graph, {megabytes:.1f} MB, for demonstration and research.
**Not a medical device: do not use it for diagnosis or treatment, nor in place of a blood count.**

## Data

BCCD, https://github.com/Shenggan/BCCD_Dataset (commit d272fb14), MIT licence, Copyright (c) 2017
shenggan; original images from `cosmicad/dataset` and `akshaylamba/all_CELL_data`. Frames of
640 x 480 pixels, RGB, one staining and one magnification. Changes: JPEGs re-packed without loss,
VOC XML turned into COCO JSON, two boxes without area dropped. No data file is part of the bundle.

The repository's own split: train {all_train} frames, of which {dev} were held out as `dev`, drawn
by the seed, for early stopping and for the choices below; val {val} frames, used for nothing but
the results on this page.

| labelled boxes | {labels} |
|---|---|---|---|
{count_rows}

**Red cells are labelled incompletely**: overlapping cells and those at the border are often left
out, and {bare_train} train and {bare_val} val frames full of them have no labelled one. So
"wrong" red cells on this page are often red cells. No patient or slide identifier exists: a slide
may occur in train and in val, which makes every number here kinder than a new slide would.

## Model and recipe

An anchor-free detector in the manner of YOLOv8 with 2.4 million weights, strides 8, 16 and 32,
trained from scratch, no pretrained weights.{both_ways}

- Assignment: task-aligned (arXiv:2108.07755), {nearest} anchors for each object. Losses: binary
  cross-entropy, CIoU (arXiv:1911.08287), distribution focal loss (arXiv:2006.04388), weights
  {class_weight} / {box_weight} / {distribution_weight}.
- AdamW, learning rate {rate} down half a cosine to {final:.0%} of it, weight decay {decay}, batch
  {batch}, {ema} EMA of the weights, which is what is scored and shipped; bf16 autocast.
- {phases}.
  An epoch shows each frame {passes} times. Training stops {patience} epochs after the best one by
  mAP@0.5:0.95 on dev. Run: {epochs} epochs; kept: epoch {best}.
- Augmentation: quarter turns, mirroring, scale 0.7 to 1.4, mosaics of four, pasted platelets;
  colour in optical density (stain and lamp), blur, sharpening, noise.
- Missing red-cell labels: frames without a single one, cells cut off at the border of a view, and
  in the later epochs red cells that the averaged net is sure of (score {sure} and more, IoU below
  {far} with every labelled one; {spared:.0f} of them) are left out of the label loss instead of
  counting as background.

`python -m training.blood_cells` makes this bundle (seed {seed}).{other_plan}

![Learning curves](curves.png)

## Results on val

Measured on the served bundle through dropsight's imaging and engine, boxes in source pixels. AP is
COCO's: greedy matching, 101 recall points, at most 300 detections for each label and frame, after
suppression at IoU {iou}. Intervals: 95 %, bootstrap over frames.

| label | labelled | AP@0.5 | 95 % interval | AP@0.5:0.95 |
|---|---|---|---|---|
{ap_rows}
| **mean** | | **{map50:.3f}** | | {map:.3f} |

{verdict}
On dev, which chose the epoch, mAP@0.5 is {dev_map50:.3f}.

![Precision and recall on val, IoU 0.5; the dot is the operating point](precision-recall.png)

## Operating points and counts

Thresholds have the best F1 on dev; the IoU of the suppression, {iou}, the best mAP@0.5 on dev of
{iou_choices}. On val, a box counts as right at IoU 0.5:

| label | threshold | precision | recall | count error | count bias |
|---|---|---|---|---|---|
{operating_rows}

Count error is the mean over frames of |found - labelled|, count bias that of found - labelled. A
positive bias for red cells is what unlabelled cells look like. Scores are not probabilities.

## Use

Input: RGB, letterboxed to {width} x {height} (a 4:3 frame fills it; area averaging when shrinking),
scaled to [0, 1], minus {mean}, divided by {std}. On a server CPU (AVX-512) with ONNX Runtime and 2
threads, the fastest of 20 runs on a machine with other work: {ms1:.0f} ms for one frame,
{ms8:.0f} ms each in batches of 8.

Crop or resample so that a red cell is about a sixth of the frame's width (here 105 of 640 pixels);
training saw 0.7 to 1.4 times that.

## Limits

One source, one stain, one magnification, most frames with exactly one white cell in them. White
cells are not told by kind; a clump of red cells is found in part or as one. Sickle cells,
parasites, stain deposits and other species were not tested. A frame that shows no blood may still
get boxes.

Licence of the weights: Apache-2.0. The data's MIT licence asks for the copyright line above.
"""


def render_card(
    recipe: Recipe,
    entries: Sequence[Mapping[str, float]],
    splits: Mapping[str, Sequence[Truth]],
    points: OperatingPoints,
    report: Report,
    size_in_bytes: int,
) -> str:
    """`entries`: the history of the run; `splits`: train (without dev), dev and val."""
    train = [*splits["train"], *splits["dev"]]
    best = int(np.argmax([entry["map"] for entry in entries]))
    reached = [label for label in LABELS if report.labels[label].ap50 >= 0.9]
    return CARD.format(
        megabytes=size_in_bytes / 1e6,
        all_train=len(train),
        dev=len(splits["dev"]),
        val=len(splits["val"]),
        labels=" | ".join(LABELS),
        count_rows="\n".join(
            f"| {name} | " + " | ".join(str(count) for count in _counts(truths)) + " |"
            for name, truths in (("train and dev", train), ("val", splits["val"]))
        ),
        bare_train=_bare(train),
        bare_val=_bare(splits["val"]),
        both_ways=" The graph looks at each frame and at\nits mirror image and gives the mean."
        if recipe.both_ways
        else "",
        nearest=recipe.nearest,
        class_weight=recipe.class_weight,
        box_weight=recipe.box_weight,
        distribution_weight=recipe.distribution_weight,
        rate=recipe.learning_rate,
        final=recipe.final_share,
        decay=recipe.weight_decay,
        batch=recipe.batch,
        ema=recipe.ema_decay,
        phases=",\n  then ".join(
            f"{p.epochs} epoch{'s' * (p.epochs > 1)} at {p.width} x {p.height}"
            + ("" if p.mosaic else " without mosaics and pasting")
            for p in recipe.phases
        ),
        passes=recipe.passes,
        patience=recipe.patience,
        epochs=len(entries),
        best=best + 1,
        sure=recipe.unlabelled_score,
        far=recipe.unlabelled_iou,
        spared=entries[best]["spared"],
        seed=recipe.seed,
        other_plan=_other_plan(recipe, entries),
        iou=points.iou,
        ap_rows="\n".join(
            f"| {label} | {s.truths} | **{s.ap50:.3f}** | {s.low:.3f} to {s.high:.3f} "
            f"| {s.ap:.3f} |"
            for label, s in report.labels.items()
        ),
        map50=report.map50,
        map=report.map,
        verdict=(
            f"The aim was a mean of 0.90, which is {'' if report.map50 > 0.9 else 'not '}reached; "
            f"{' and '.join(reached) or 'no label'} alone {'are' if len(reached) > 1 else 'is'} "
            "above it."
        ),
        dev_map50=points.map50,
        operating_rows="\n".join(
            f"| {label} | {s.threshold} | {s.precision:.3f} | {s.recall:.3f} "
            f"| {s.count_error:.2f} | {s.count_bias:+.2f} |"
            for label, s in report.labels.items()
        ),
        iou_choices=f"{IOU_CHOICES[0]} to {IOU_CHOICES[-1]}",
        width=recipe.width,
        height=recipe.height,
        mean=recipe.mean,
        std=recipe.std,
        ms1=report.milliseconds[1],
        ms8=report.milliseconds[8],
    )


def _counts(truths: Sequence[Truth]) -> list[int]:
    return [sum(int((one.labels == k).sum()) for one in truths) for k in range(len(LABELS))]


def _bare(truths: Sequence[Truth]) -> int:
    """Frames without a labelled red cell."""
    return sum(not (one.labels == 0).any() for one in truths)


def _other_plan(recipe: Recipe, entries: Sequence[Mapping[str, float]]) -> str:
    """A sentence where epochs of the run had another learning rate than the recipe gives them."""
    off = [
        epoch
        for epoch, entry in enumerate(entries, 1)
        if not 0.98 < entry["rate"] / recipe.rate_at(epoch - 0.01) < 1.02
    ]
    if not off:
        return ""
    return (
        "\nThe shipped run was resumed with another number of epochs: the learning rate of epochs "
        f"{off[0]}\nto {off[-1]} followed another plan, so a new run will not repeat it exactly."
    )
