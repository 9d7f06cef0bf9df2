"""The times file of a machine: every bundle that it can serve, measured one after the other."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from dropsight.domain.errors import PermanentError, PlanInvalid
from dropsight.domain.manifests import load_manifest, load_manifests
from dropsight.domain.wire import to_plain
from dropsight.planning.times import Machine, ModelTimes, Times
from dropsight_inference.bundle import models_left_out
from dropsight_inference.measuring.model_times import measure_model

COMMAND = "dropsight plan --measure"


def write_times(models: Path, files: Mapping[str, Path], to: Path, rounds: int) -> Iterator[str]:
    """Measure and write; sentences as it goes. Each figure is the fastest of `rounds`: whatever
    else the machine does can only add to it.

    files: by model, what it is measured on. A model without one is left out. Raises PlanInvalid
    also where a bundle or a file is refused.
    """
    known = load_manifests(models)
    if unknown := sorted(files.keys() - known.keys()):
        raise PlanInvalid(f"--file {unknown[0]}=…: legal are {', '.join(sorted(known))}")
    left_out = models_left_out(models, "")
    measured: dict[str, ModelTimes] = {}
    for bundle in sorted(path.parent for path in models.glob("*/model.yaml")):
        name = load_manifest(bundle).name
        if name in left_out:
            yield f"{name}: left out, {left_out[name]}"
        elif name not in files:
            yield f"{name}: left out, nothing to measure it on; give --file {name}=PATH"
        else:
            try:
                measured[name] = measure_model(bundle, files[name], rounds)
            except PermanentError as error:
                raise PlanInvalid(f"{name} on {files[name].name}: {error}") from error
            yield _told(name, measured[name])
    if not measured:
        raise PlanInvalid(f"{models}: nothing was measured")
    on_gpu = any(one.device == "cuda" for one in measured.values())
    times = Times(machine=_machine(rounds, on_gpu), models=measured)
    to.write_text(
        f"# Times of {times.machine.description}, for dropsight plan.\n"
        + yaml.safe_dump(to_plain(times), sort_keys=False, allow_unicode=True, width=100),
        encoding="utf-8",
    )
    yield f"written: {to}"


def _told(name: str, times: ModelTimes) -> str:
    batches = ", ".join(f"{size}: {ms:.0f}" for size, ms in times.predict_ms.items())
    reasons = "".join(f", {method} {one.ms:.0f}" for method, one in times.explanations.items())
    return f"{name}: ms of ingest {times.ingest_ms:.0f}, batches {batches}{reasons}"


def _machine(rounds: int, on_gpu: bool) -> Machine:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(
        description=f"{cores} CPU cores ({_processor()}), fastest of {rounds} rounds",
        cpu_cores=cores or 1,
        accelerator="cuda" if on_gpu else None,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        command=COMMAND,
    )


def _processor() -> str:
    """What Linux calls the processor; elsewhere its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
