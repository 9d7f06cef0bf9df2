"""The same net as a native PyTorch bundle: a state dict, and the code that it fills beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from training.cxr_pneumonia.evaluate import open_session
from training.cxr_pneumonia.network import Served
from training.kit.bundle import sha256_of

TOLERANCE = 1e-4
ARCHITECTURE = Path(__file__).with_name("network.py")
WEIGHTS = "weights.pt"

CARD = """\
# cxr-pneumonia-torch 1.0.0

The net of [cxr-pneumonia](../cxr-pneumonia/MODEL_CARD.md) for the PyTorch runtime: the same
weights as a state dict (`weights.pt`, {megabytes:.1f} MB), and the code that they fill
(`network.py`). Recipe, measured accuracy, calibration and limits are those of that card.
**Not a medical device: do not use it for diagnosis or treatment.**

## What differs

- Grad-CAM (arXiv:1610.02391) is by autograd, at the layer `maps` or at any other that is named.
  At `maps` it is the ReLU of the class activation map that the ONNX graph exports, up to the factor
  1 / (14 x 14).
- Logits agree with those of the ONNX graph, in which batch norm is folded, to rounding: on 8 inputs
  of noise they differed by at most {gap:.1g} when this bundle was written, and it is not written
  where they differ by more than {tolerance:g}.
- It needs `dropsight-inference[torch]`, and runs on a CUDA device where there is one.
- It is served under its own name alone: a DICOM file in the root of the bucket goes to
  `cxr-pneumonia`.

## Use outside dropsight

```python
import torch
from network import served

net = served()
net.load_state_dict(torch.load("weights.pt", weights_only=True))
net.eval()  # (N, 1, 224, 224): grey in [0, 1], minus 0.48, divided by 0.23 -> logits (N, 3)
```

Trained on data under CC BY 4.0: Kermany, Zhang, Goldbaum: "Labeled Optical Coherence Tomography
(OCT) and Chest X-Ray Images for Classification", Mendeley Data, doi:10.17632/rscbjbr9sj; paper:
Cell 172 (2018). Changes to the data are named in the card of cxr-pneumonia.

Licence of the weights: Apache-2.0.
"""


def write_torch_bundle(out: Path, net: Served, graph: Path, manifest: str) -> None:
    """Writes the bundle `out`. graph: the ONNX file; manifest: the text of its `model.yaml`.

    Raises ValueError where the two nets differ.
    """
    out.mkdir(parents=True, exist_ok=True)
    net.eval()
    gap = largest_gap(net, graph)
    if gap > TOLERANCE:
        raise ValueError(
            f"{out.name} and {graph.name} differ by {gap:.2g}, more than {TOLERANCE:.0e}; do not "
            "ship it"
        )
    torch.save(net.state_dict(), out / WEIGHTS)
    shutil.copyfile(ARCHITECTURE, out / ARCHITECTURE.name)
    (out / "model.yaml").write_text(
        as_torch(manifest, sha256_of(graph), sha256_of(out / WEIGHTS)), encoding="utf-8"
    )
    megabytes = (out / WEIGHTS).stat().st_size / 1e6
    card = CARD.format(megabytes=megabytes, gap=gap, tolerance=TOLERANCE)
    (out / "MODEL_CARD.md").write_text(card, encoding="utf-8")


def largest_gap(net: Served, graph: Path, side: int = 224) -> float:
    """Of the logits, over 8 inputs of noise."""
    images = np.random.default_rng(0).standard_normal((8, 1, side, side), dtype=np.float32)
    with torch.no_grad():
        ours = net(torch.from_numpy(images)).numpy()
    (theirs,) = open_session(graph).run(["logits"], {"image": images})
    return float(np.abs(ours - theirs).max())


def as_torch(manifest: str, graph: str, weights: str) -> str:
    """`model.yaml` of the ONNX bundle, turned into that of this one. graph, weights: SHA-256."""
    changes = {
        "name: cxr-pneumonia\n": "name: cxr-pneumonia-torch\n",
        "runtime: onnx": "runtime: torch",
        f'artifact: {{path: model.onnx, sha256: "{graph}"}}\n'
        "outputs: {logits: logits, activations: activations}\n": (
            f'artifact: {{path: {WEIGHTS}, sha256: "{weights}", architecture: '
            f'"{ARCHITECTURE.name}:served"}}\n'
            "routedByAttributes: false    # a DICOM file in the root is for cxr-pneumonia\n"
        ),
        "method: grad-cam, labels: positive}": (
            "method: grad-cam, labels: positive, parameters: {layer: maps}}"
        ),
    }
    for found, wanted in changes.items():
        if found not in manifest:
            raise ValueError(f"model.yaml has no {found!r} any more; mend `as_torch`")
        manifest = manifest.replace(found, wanted)
    return manifest
