"""The model card, written from the numbers of the run."""

from __future__ import annotations

from training.cxr_keras_lime.calibrate import Calibration
from training.cxr_keras_lime.evaluate import Interval, Report
from training.cxr_keras_lime.settings import Recipe
from training.films.data import KINDS
from training.kit.run import History

CARD = """\
# cxr-keras-lime 1.0.0

Looks at one frontal chest film of a young child and says which of three holds: no pneumonia
(`normal`), bacterial, viral. A Keras 3 network, {megabytes:.1f} MB, with LIME and Grad-CAM, for
demonstration and research. **Not a medical device: do not use it for diagnosis or treatment.**

## Data

Kermany, Zhang, Goldbaum: "Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for
Classification", Mendeley Data, doi:10.17632/rscbjbr9sj; paper: Cell 172 (2018). Frontal films of
children aged 1 to 5, Guangzhou Women and Children's Medical Center. Licence: CC BY 4.0.

Changes made to the data: films squashed to 224 x 224 and stored as JPEG (quality 75) by the copy
used, chroma planes removed without loss, pneumonia films of the training part capped at about
1,200; here, films with pixel-identical copies dropped from training. No data file is part of the
bundle.

Train: {train} films; dev: {dev} films of other patients, for early stopping, calibration and
operating points; val: {films} films of {patients} patients. Patients (by the number in the
original file name) never cross a split. `bacterial` and `viral` come from the original file
names, not from a reading of the film.

## Model and recipe

A residual network with squeeze and excitation (arXiv:1512.03385, arXiv:1709.01507), {weights:,}
numbers, trained from scratch on {size} x {size} pixels. Each image is standardised inside the
net, so linear changes of exposure and contrast make little difference. Only layers that Keras
itself has: `keras.saving.load_model` opens the file.

- **Distilled.** {teacher:.0%} of each training target is the word of the shipped bundle
  [cxr-pneumonia](../cxr-pneumonia/MODEL_CARD.md) on that film, the rest its label
  (arXiv:1503.02531). That teacher learnt from the training films, most of the dev films here
  among them, so figures on dev flatter this net a little; val is new to both.
- Cross-entropy in which each class counts the same; label smoothing {smoothing}; AdamW, weight
  decay {decay}, batch {batch}, learning rate {rate} after {warm:g} epoch of warm-up, then a
  cosine to nothing; weights averaged (EMA, {ema}); mixup; MixStyle; stochastic depth; mixed
  bfloat16 while training, float32 as exported.
- {epochs} of at most {most} epochs; the weights of epoch {best} had the lowest loss on dev, plain
  and augmented, and are kept. Training stops {patience} epochs after the best.
- Augmentation: aspect ratio, zoom, rotation, mirroring; blur, resampling, sharpening; gamma, tone
  curves, histogram of another film, local equalisation; noise, JPEG; drawn and erased letters,
  black or white margins, hidden rectangles.

`python -m training.cxr_keras_lime` makes this bundle (seed {seed}). The same seed gives the same
views and batches; sums in bfloat16 on several threads are not repeated bit by bit.

![Learning curves](curves.png)

## Results on val

Scored on the files as uploads: prepared by the pipeline and run by the container's TensorFlow
runtime. Val took no part in training, calibration or the choice of operating points. Intervals:
95 %, bootstrap over patients.

| | | 95 % interval |
|---|---|---|
| accuracy | **{accuracy:.3f}** | {accuracy_interval} |
| balanced accuracy | **{balanced:.3f}** | {balanced_interval} |

The most probable class is the one that is called:

| on the film | {called} |
|---|---|---|---|
{confusion}

Each class against the other two:

| class | AUC | 95 % interval | ECE | operating point | sensitivity | specificity |
|---|---|---|---|---|---|---|
{class_rows}

Normal against the rest is pneumonia. Operating points are calibrated probabilities at which
sensitivity and specificity were equal on dev; where two classes are at or above theirs, both are
positive. Val comes from the same hospital and the same collection as train: expect less
elsewhere.

## Calibration

probabilities = softmax(logits / T), T = {temperature} (arXiv:1706.04599), fitted on dev together
with an offset for each class ({offsets}), which is part of the bias of the last layer. Each class
counts the same in both the loss and this fit: a probability holds where the three are equally
frequent. On val, where they are not ({shares}), the ECE of the most probable class is {ece:.3f}.

![Reliability on val: each dot is a tenth of the films](calibration.png)

## The known shortcut, and what is left of it

Normal films of this collection come from larger originals with another aspect ratio than
pneumonia films (median 1.21 against 1.5), and all were squashed to a square: geometry and
sharpness go with the label. On val, sharpness alone, with no model, tells pneumonia with an AUC
of **{sharpness:.3f}**. Standardisation and augmentation work against it. On val under synthetic
shifts:

| shift | accuracy | balanced | AUC normal | AUC bacterial | AUC viral |
|---|---|---|---|---|---|
{shift_rows}

The last two rows turn the shortcut round: one class is given the geometry and sharpness of the
other. Calls suffer most under "{worst}": accuracy {worst_accuracy:.3f}, while the AUC of normal
is {worst_auc:.3f}. Where such a gap is wide, films are still put in order, but the operating
points and the most probable class no longer fit.

- **Margins alone**: with the middle 64 % x 64 % of each film filled in, pneumonia is still told
  with an AUC of **{margins:.3f}** (0.5 would be a net that reads nothing but lungs): how a child
  was placed and exposed goes with the label, and the net can use it.
- **Full-size films**: three unscaled originals, prepared as uploads; the largest difference of a
  probability to the squashed copy was {gap:.3f}. Three films prove little.

## Explanations

LIME on superpixels (48 of them, 257 samples) of the most probable class, and Grad-CAM by
GradientTape at the layer `maps` ({side} x {side} positions, which is coarse). Fidelity figures come
with each: read them before the picture. On films of val that were looked at by eye both mark the
lungs, but also shoulders, abdomen and the space beside the body, as the margins lead one to
expect.

## Use

Input: greyscale in each of three channels (the pipeline repeats a greyscale DICOM file),
stretched to {size} x {size} (area averaging when shrinking), scaled to [0, 1], minus {mean},
divided by {std}; channels last. The forward pass on a shared server CPU with TensorFlow, fastest
of 20 runs: {ms1:.0f} ms per film one at a time, {ms8:.0f} ms in batches of 8. Needs
`dropsight-inference[tensorflow]`. A DICOM file in the root of the bucket goes to `cxr-pneumonia`;
this model is served under its own name.

## Limits

Children of 1 to 5 years, frontal films, one hospital. Not tested on adults, lateral films, other
diseases, or devices of other makers. Any film gets three probabilities, also one that shows no
chest. Viral against bacterial is the weaker part: labels are from file names, and films of the
two overlap.

Licence of the weights: Apache-2.0. The data's licence asks for the attribution above.
"""


def render_card(
    recipe: Recipe,
    calibration: Calibration,
    report: Report,
    history: History,
    films: tuple[int, int],
    weights: int,
    size_in_bytes: int,
) -> str:
    """The text of `MODEL_CARD.md`; films: how many were trained on, and how many held out."""
    shares = report.target.mean(0)
    worst = min(report.shifts, key=lambda name: report.shifts[name].accuracy)
    return CARD.format(
        megabytes=size_in_bytes / 1e6,
        train=f"{films[0]:,}",
        dev=films[1],
        films=report.films,
        patients=report.patients,
        weights=weights,
        size=recipe.size,
        teacher=recipe.teacher_share,
        smoothing=recipe.smoothing,
        decay=recipe.weight_decay,
        batch=recipe.batch,
        rate=recipe.learning_rate,
        warm=recipe.warm_up_epochs,
        ema=recipe.ema_decay,
        epochs=len(history.entries),
        most=recipe.epochs,
        best=history.best_epoch + 1,
        patience=recipe.patience,
        seed=recipe.seed,
        accuracy=report.accuracy,
        accuracy_interval=_interval(report.accuracy_interval),
        balanced=report.balanced,
        balanced_interval=_interval(report.balanced_interval),
        called=" | ".join(f"called {kind}" for kind in KINDS),
        confusion="\n".join(
            f"| {kind} | " + " | ".join(str(count) for count in row) + " |"
            for kind, row in zip(KINDS, report.confusion, strict=True)
        ),
        class_rows="\n".join(
            f"| {kind} | **{one.auc:.3f}** | {_interval(one.interval)} | {one.ece:.3f} "
            f"| {one.threshold} | {one.sensitivity:.3f} | {one.specificity:.3f} |"
            for kind, one in report.classes.items()
        ),
        temperature=calibration.temperature,
        offsets=", ".join(f"{value:+.2f}" for value in calibration.offset),
        shares=", ".join(f"{share:.0%} {kind}" for kind, share in zip(KINDS, shares, strict=True)),
        ece=report.ece,
        sharpness=report.sharpness_alone,
        shift_rows="\n".join(
            f"| {name} | {one.accuracy:.3f} | {one.balanced:.3f} | "
            + " | ".join(f"{auc:.3f}" for auc in one.aucs)
            + " |"
            for name, one in report.shifts.items()
        ),
        worst=worst,
        worst_accuracy=report.shifts[worst].accuracy,
        worst_auc=report.shifts[worst].aucs[0],
        margins=report.margins_alone,
        gap=report.full_size_gap,
        side=recipe.size // 16,
        mean=recipe.mean,
        std=recipe.std,
        ms1=report.milliseconds[1],
        ms8=report.milliseconds[8],
    )


def _interval(found: Interval) -> str:
    return f"{found[0]:.3f} to {found[1]:.3f}"
