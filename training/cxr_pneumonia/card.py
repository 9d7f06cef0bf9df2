"""The model card, written from the numbers of the run."""

from __future__ import annotations

from collections.abc import Sequence

from training.cxr_pneumonia.calibrate import Calibration
from training.cxr_pneumonia.evaluate import Report
from training.cxr_pneumonia.settings import Recipe
from training.films.data import LABELS

CARD = """\
# cxr-pneumonia 1.0.0

Looks at one frontal chest film of a young child and gives three independent probabilities:
pneumonia, bacterial, viral. One ONNX graph, {megabytes:.1f} MB, for demonstration and research.
**Not a medical device: do not use it for diagnosis or treatment.**

## Data

Kermany, Zhang, Goldbaum: "Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for
Classification", Mendeley Data, doi:10.17632/rscbjbr9sj; paper: Cell 172 (2018). Frontal films of
children aged 1 to 5, Guangzhou Women and Children's Medical Center. Licence: CC BY 4.0.

Changes made to the data: films squashed to 224 x 224 and stored as JPEG (quality 75) by the copy
used, chroma planes removed without loss, pneumonia films of the training part capped at about
1,200; here, films with pixel-identical copies dropped from training. No data file is part of the
bundle.

Train: 2,272 films of the official training set before copies are dropped. Val: {films} films of
{patients} patients. Patients (by the number in the original file name) never cross a split.
`bacterial` and `viral` come from the original file names, not from a reading of the film;
`pneumonia` is either.

## Model and recipe

{members} small CoAtNets (arXiv:2106.04803: convolutional stem, MBConv stages, then transformer
blocks with relative bias), 1.6 million weights each, trained from scratch and averaged inside the
graph: logits and activation maps are the means of those of the members. Each image is standardised
inside the graph, so linear changes of exposure and contrast make little difference.

- Loss: focal (arXiv:1708.02002), gamma {gamma}, positives weighted by sqrt(negatives / positives).
- AdamW, weight decay {decay}, batch {batch}, learning rate {rate} after {warm:g} epochs of warm-up,
  halved by ReduceLROnPlateau (patience {patience}){cool}; weights averaged (EMA,
  {ema}); mixup; MixStyle; stochastic depth; bf16 autocast.
- {phases}. The best weights of the last phase by dev loss,
  live or averaged, are kept (here: of epochs {best}); training stops {stop} epochs after them.
- Augmentation: aspect ratio, zoom, rotation, mirroring; blur, resampling, sharpening; gamma, tone
  curves, histogram of another film, local equalisation; noise, JPEG; drawn and erased letters,
  black or white margins, hidden rectangles.
- Each member holds out another eighth of the training patients (`dev`: {dev} films) for the
  learning rate, early stopping, calibration and operating points. Nothing was refitted on dev, but
  the dev part of one member is training data of the other{s}.

`python -m training.cxr_pneumonia` makes this bundle (seed {seed}; {threads} processes of one
thread; the shipped run was interrupted and went on with `--resume`). Short runs repeat bit by bit
on one machine; another CPU or torch build rounds bf16 differently, and is expected, not measured,
to land within about 0.01 of the AUCs below.

![Learning curves](curves.png)

## Results on val

Scored on the exported graph. Val took no part in training, calibration or the choice of operating
points; while the recipe was written, one unfinished run was scored on it too, and nothing was
chosen from that. Intervals: 95 %, bootstrap over patients.

| label | AUC | 95 % interval | ECE | operating point | sensitivity | specificity |
|---|---|---|---|---|---|---|
{label_rows}

Operating points are calibrated probabilities at which sensitivity and specificity were equal on
dev.

Val comes from the same hospital and the same collection as train. Expect less elsewhere: on the
official test set of this collection, published networks lose several points of AUC.

## Calibration

probability = sigmoid(logit / T), T = {temperature} (temperature scaling, arXiv:1706.04599), fitted
on the held-out dev films of the members. Together with T, one offset per label was fitted that
undoes the label weights of the loss; the offsets ({offsets}) are
part of the bias inside the graph. T was fitted on single members and is applied to their mean.

A probability holds for the share of sick children it was fitted on: {dev_share:.0%} of the dev
films show pneumonia, against {val_share:.0%} of the val films, and fewer in most clinics. Where
the share is higher than on dev the model says too little; where it is lower, too much.

![Reliability on val: each dot is a tenth of the films](calibration.png)

## The known shortcut, and what is left of it

Normal films of this collection come from larger originals with another aspect ratio than pneumonia
films (median 1.21 against 1.5), and all were squashed to a square: geometry and sharpness go with
the label. On val, sharpness alone, with no model, tells pneumonia with an AUC of
**{sharpness:.3f}**. Standardisation and augmentation work against it. AUC on val under synthetic
shifts:

| shift | {labels} |
|---|{columns}
{shift_rows}

The last two rows turn the shortcut round: one class is given the geometry and sharpness of the
other.

- **Margins alone**: with the middle 64 % x 64 % of each film filled in, pneumonia is still told
  with an AUC of **{margins:.3f}** (0.5 would be a net that reads nothing but lungs). The margins
  hold shoulders, abdomen, markers and the edges of the lungs: how a child was placed and exposed
  still goes with the label, and the net can use it.
- **Where the activation lies**: of the positive activation for pneumonia, {border:.0%} is in the
  outer two rings of cells, which are 49 % of the area. Attention mixes positions before the
  map is taken, so a map shows where evidence is gathered, not a contour of disease.
- **Full-size films**: three unscaled originals were prepared as serving does; the largest
  difference of a probability to the squashed copy was {gap:.3f}. Three films prove little.

## Explanations

`activations` is the class activation map (arXiv:1512.04150) before ReLU, {side} x {side} per label.
Only a mean and a linear map follow, so it is Grad-CAM exactly:
mean(activations[:, k]) + bias[k] = logits[:, k]. The bias is that of the head plus the offset
above; it has no place in the image and is not spread over the map.

## Use

Input: intensities as greyscale, stretched to {side_px} x {side_px} (area averaging when shrinking),
scaled to [0, 1], minus {mean}, divided by {std}. On a server CPU (AVX-512) with ONNX Runtime and
2 threads, fastest of 30 runs: {ms1:.0f} ms per film one at a time, {ms8:.0f} ms in batches of 8.

## Limits

Children of 1 to 5 years, frontal films, one hospital. Not tested on
adults, lateral films, other diseases, or devices of other makers. Any film gets three
probabilities, also one that shows no chest. Viral against bacterial is the weaker part: labels are
from file names, and films of the two overlap. `bacterial` and `viral` may both be low while
`pneumonia` is high; nothing forces them to agree.

Licence of the weights: Apache-2.0. The data's licence asks for the attribution above.
"""


def render_card(
    recipe: Recipe,
    calibration: Calibration,
    report: Report,
    histories: Sequence[Sequence[dict[str, float]]],
    dev: Sequence[int],
    dev_share: float,
    size_in_bytes: int,
) -> str:
    """The text of `MODEL_CARD.md`; `dev` is the number of held-out films of each member.

    dev_share: share of them that show pneumonia.
    """
    label_rows = "\n".join(
        f"| {label} | **{s.auc:.3f}** | {s.low:.3f} to {s.high:.3f} | {s.ece:.3f} "
        f"| {s.threshold} | {s.sensitivity:.3f} | {s.specificity:.3f} |"
        for label, s in report.labels.items()
    )
    shift_rows = "\n".join(
        f"| {name} | " + " | ".join(f"{auc:.3f}" for auc in aucs) + " |"
        for name, aucs in report.shifts.items()
    )
    last = [[entry for entry in history if entry["size"] == recipe.size] for history in histories]
    best = [min(entries, key=lambda entry: entry["score"])["epoch"] + 1 for entries in last]
    return CARD.format(
        megabytes=size_in_bytes / 1e6,
        films=report.films,
        patients=report.patients,
        members=recipe.members,
        gamma=recipe.focal_gamma,
        decay=recipe.weight_decay,
        batch=recipe.batch,
        rate=recipe.learning_rate,
        warm=recipe.warm_up_epochs,
        ema=recipe.ema_decay,
        patience=recipe.plateau_patience,
        cool=""
        if recipe.cool_down_to is None
        else f", brought down to {recipe.cool_down_to:.0%} of itself over the\n  last phase",
        stop=recipe.stop_patience,
        seed=recipe.seed,
        threads=recipe.members,
        phases=", then ".join(f"{p.epochs} epochs at {p.size} px" for p in recipe.phases),
        best=", ".join(f"{epoch:.0f}" for epoch in best),
        dev=" and ".join(str(count) for count in dev),
        s="" if recipe.members == 2 else "s",
        label_rows=label_rows,
        temperature=calibration.temperature,
        offsets=", ".join(f"{value:+.2f}" for value in calibration.offset),
        sharpness=report.sharpness_alone,
        dev_share=dev_share,
        val_share=float(report.target[:, 0].mean()),
        labels=" | ".join(LABELS),
        columns="---|" * len(LABELS),
        shift_rows=shift_rows,
        margins=report.margins_alone,
        border=report.border_share,
        gap=report.full_size_gap,
        side=recipe.size // 16,
        side_px=recipe.size,
        mean=recipe.mean,
        std=recipe.std,
        ms1=report.milliseconds[1],
        ms8=report.milliseconds[8],
    )
