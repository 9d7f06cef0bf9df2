"""The model card, written from the numbers of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.kit.run import History

from .data import Picture
from .evaluate import Figure, Part, Report
from .manifest import VERSION
from .settings import MODEL, Recipe

CARD = """\
# {name} {version}

Finds pitting in photographs of ball screw drives and outlines each defect: box, mask, score. One
ONNX graph, {megabytes:.1f} MB, for demonstration and research. **Not for the release of parts.**

## Data and licence

Tobias Schlagenhauf, Magnus Landwehr: "Industrial machine tool component surface defect dataset",
Data in Brief 39 (2021) 107643, doi:10.5445/IR/1000129520 (BSData). Licence: CC BY-SA 4.0.

Changes made to the data: a part of the annotated pictures was chosen (of each sequence every third
frame), scaled to a short side of 256 px and stored as JPEG (quality 82); polygons were drawn as
masks. For training they were cropped, turned, scaled, mirrored, relit, and pits were copied from
one picture to another. No data file is part of the bundle.

**Licence of this bundle: CC BY-SA 4.0.** Whoever shares the weights, changed or not, names the
authors above, says what was changed, and shares under the same licence
(<https://creativecommons.org/licenses/by-sa/4.0/>).

Each picture shows at least one defect. Pictures come in groups that look alike: a spot that was
photographed again and again while it wore (T2), or one specimen (T1). Groups never cross a split.

| part | pictures | groups | defects | |
|---|---|---|---|---|
| training | {train_pictures} | {train_groups} | {train_defects} | |
| dev | {dev.pictures} | {dev.groups} | {dev_defects} | early stopping, threshold |
| val | {val.pictures} | {val.groups} | {val_defects} | the figures below |

## Model and recipe

Mask R-CNN (arXiv:1703.06870) from torchvision's parts, {weights:.1f} million weights, trained from
scratch: a slim residual backbone with group normalisation, a feature pyramid from stride 4
(arXiv:1612.03144), anchors of 8 to 80 pixels, smaller heads, at most {detections} defects in a
picture. Masks are pasted into the whole picture within the graph.

- {warm} epochs of {steps} batches of {batch} train backbone and pyramid alone, as a segmenter of
  pixels (cross-entropy and Dice); {rest} more train everything, the pixel loss at a weight of
  {semantic}. Here training ended after {epochs} epochs; the weights are those of epoch {best}, the
  best by dev (mean of AP of boxes and masks, groups weighted as in training). Training stops
  {patience} epochs after the best one.
- Views of {crop} x {crop} pixels, {aimed:.0%} of them placed over a defect. A group of n pictures
  is drawn as often as sqrt(n) pictures.
- Augmentation: zoom {zoom_low} to {zoom_high} around the served scale, rotation to {rotation:.0f}
  degrees, mirroring; light, colour, contrast, blur, noise. Into each view {pasted} pits on average
  are pasted, turned and scaled, {simulated:.0%} of them drawn, the rest copied; they keep their
  brightness in proportion to the steel around. {decoys} clean patches are pasted the same way and
  are no defects, so that a pasted edge tells nothing.
- AdamW, weight decay {decay}, learning rate {rate} falling along a cosine, gradients cut at
  {norm:g}; weights averaged (EMA, {ema}); bf16 autocast.

`python -m training.steel_pitting` makes this bundle (seed {seed}; one thread was used). The shipped
run was interrupted and went on with `--resume` twice: its learning rate was that of a run of 18
epochs up to the third, of 14 up to the fourteenth, and of 20 from there. The graph and the network
agree on dev pictures within {gap_boxes:.2g} pixels, {gap_scores:.2g} of the score and
{gap_masks:.2g} of a mask's value.

![Learning curves](curves.png)

## Results

All through the pipeline: the JPEG file, dropsight's imaging, the container's engine with this
bundle; compared in pixels of the file. AP is that of PASCAL VOC since 2010 at an IoU of 0.5
(findings of all pictures by score, each takes the free defect it overlaps most, all-point
interpolation). In brackets: 95 % intervals, bootstrap over groups.

| | dev | **val** |
|---|---|---|
| AP at IoU 0.5, boxes | {dev_box} | **{val_box}** |
| AP at IoU 0.5, masks | {dev_mask} | **{val_mask}** |
| Dice of pixels, threshold {threshold} | {dev_dice} | {val_dice} |
| IoU of pixels | {dev_iou} | {val_iou} |
| pictures with a defect touched | {dev.pictures_found:.0%} | {val.pictures_found:.0%} |
| wrong boxes in a picture | {dev.false_boxes:.2f} | {val.false_boxes:.2f} |
| of these, without any defect below | {dev.false_alarms:.2f} | {val.false_alarms:.2f} |

The threshold has the best F1 of boxes on dev. Dev chose the epoch and the threshold, so its
figures are too good. Val chose nothing; while the recipe was written two shorter runs were scored
on it too. It is small, and frames of one spot rise and fall together: mind the intervals. A wrong
box is one with an IoU below 0.5, also where a defect lies below it.

Defects of val found at the threshold, by area in pixels of the file:

| area | defects | by box (IoU 0.5) | touched by a mask (IoU 0.1) |
|---|---|---|---|
{size_rows}

| kind on val | pictures | AP of boxes | AP of masks |
|---|---|---|---|
{kind_rows}

![Precision by recall; the dots are at the threshold](precision.png)

## Use

Input: RGB, put whole into {width} x {height} pixels (letterbox), scaled to [0, 1], minus {mean},
divided by {std}. Anything from a score of {minimum} up is kept in the result, so a client can move
the threshold. On a shared server CPU (AVX-512) with ONNX Runtime and 2 threads: {ms:.0f} ms for a
picture, the fastest of ten.

## Limits

- Ball screws of one collection, each filling its picture. Not tried on other parts, scales, light
  or damage. Worn and dirty places look alike: in the val pictures looked at, they are what is
  called pitting by mistake.
- Pictures without any defect were not in the data. How often a clean part raises an alarm is
  only known from the clean areas of these pictures.
- Small pits are often missed (see the table): in the scaled pictures they are 4 to 8 pixels wide,
  and their outlines were drawn by hand at a larger size.
- Scores are not probabilities.
"""


def render_card(
    recipe: Recipe,
    history: History,
    pictures: Sequence[Picture],
    dev: Report,
    val: Report,
    threshold: float,
    weights: int,
    size: int,
    gaps: Mapping[str, float],
) -> str:
    """The text of `MODEL_CARD.md`. `pictures` are those trained on, `size` is in bytes."""
    return CARD.format(
        name=MODEL,
        version=VERSION,
        megabytes=size / 1e6,
        weights=weights / 1e6,
        train_pictures=len(pictures),
        train_groups=len({one.group for one in pictures}),
        train_defects=sum(len(one.masks) for one in pictures),
        dev=dev,
        val=val,
        dev_defects=dev.all_defects.defects,
        val_defects=val.all_defects.defects,
        detections=recipe.detections,
        warm=recipe.warm_up_epochs,
        steps=recipe.steps,
        batch=recipe.batch,
        rest=recipe.epochs - recipe.warm_up_epochs,
        semantic=recipe.semantic_weight,
        epochs=len(history.entries),
        best=history.best_epoch + 1,
        patience=recipe.patience,
        crop=recipe.crop,
        aimed=recipe.aimed,
        zoom_low=recipe.zoom[0],
        zoom_high=recipe.zoom[1],
        rotation=recipe.rotation,
        pasted=recipe.pasted,
        simulated=recipe.simulated,
        decoys=recipe.decoys,
        decay=recipe.weight_decay,
        rate=recipe.learning_rate,
        norm=recipe.gradient_norm,
        ema=recipe.ema_decay,
        seed=recipe.seed,
        gap_boxes=gaps["boxes"],
        gap_scores=gaps["scores"],
        gap_masks=gaps["masks"],
        dev_box=_with_interval(dev.box_ap),
        val_box=_with_interval(val.box_ap),
        dev_mask=_with_interval(dev.mask_ap),
        val_mask=_with_interval(val.mask_ap),
        dev_dice=_with_interval(dev.dice),
        val_dice=_with_interval(val.dice),
        dev_iou=_with_interval(dev.iou),
        val_iou=_with_interval(val.iou),
        threshold=threshold,
        size_rows="\n".join(
            _row(name, part) for name, part in [*val.by_size.items(), ("all", val.all_defects)]
        ),
        kind_rows="\n".join(
            f"| {kind} | {count} | {box:.2f} | {mask:.2f} |"
            for kind, (count, box, mask) in val.by_kind.items()
        ),
        width=recipe.width,
        height=recipe.height,
        mean=recipe.mean,
        std=recipe.std,
        minimum=recipe.minimum_score,
        ms=val.milliseconds,
    )


def _with_interval(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _row(name: str, part: Part) -> str:
    if not part.defects:
        return f"| {name} | 0 | | |"
    return f"| {name} | {part.defects} | {part.by_box:.0%} | {part.touched:.0%} |"
