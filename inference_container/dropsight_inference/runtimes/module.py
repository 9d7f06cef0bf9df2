"""A user's own class, served unchanged, in processes of its own.

    class Detector:
        def __init__(self): ...                     # or (self, worker_index)
        def inference_by_path(self, path): ...      # [[(x, y, w, h), {label: probability}], ...]

A crash or a leak of the module ends or fills a worker, never the container.
"""

from __future__ import annotations

import queue
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from dropsight.domain.errors import InferenceFailed, ManifestInvalid
from dropsight.domain.manifests import Manifest
from dropsight_inference.runtimes import Batch, DetectedObject, Outputs, Source
from dropsight_inference.runtimes.module_process import WorkerProcess

Answer = list[tuple[tuple[float, float, float, float], dict[str, float]]]


class ModuleRuntime:
    """As many workers as model.yaml asks for; a picture goes to one that is idle."""

    device = "module"

    def __init__(self, workers: list[WorkerProcess], manifest: Manifest) -> None:
        self._workers = workers
        self._manifest = manifest
        self._idle: queue.SimpleQueue[WorkerProcess] = queue.SimpleQueue()
        for worker in workers:
            self._idle.put(worker)

    def find_objects(self, picture: bytes) -> list[DetectedObject]:
        """See `ReadsPictures`. Waits for an idle worker."""
        worker = self._idle.get()
        try:
            with tempfile.TemporaryDirectory(prefix="dropsight-") as folder:
                path = Path(folder) / "picture.png"
                path.write_bytes(picture)
                found = worker.ask(path)
        finally:
            self._idle.put(worker)
        try:
            return [DetectedObject(*one) for one in msgspec.convert(found, Answer)]
        except msgspec.ValidationError as error:
            raise InferenceFailed(
                f"{self._manifest.name}: inference_by_path: {error}; legal is a list of "
                "[(x, y, w, h), {label: probability}]"
            ) from error

    def forward(self, batch: Batch) -> Outputs:
        """There is no network to pass through. Raises InferenceFailed."""
        raise InferenceFailed(
            f"{self._manifest.name}: runtime 'module' reads pictures, it has no forward pass for "
            f"a batch of {len(batch)}"
        )

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


def load(source: Source, threads: int) -> ModuleRuntime:  # noqa: ARG001 (each module has its own)
    """Start all workers and wait until each has made its instance. Raises ManifestInvalid."""
    stated = source.manifest.artifact
    if stated.callable is None or stated.callable.count(":") != 1:
        raise ManifestInvalid(
            f"{source.where}: artifact.callable: found {stated.callable!r}; legal is module:Class, "
            "imported from the folder of artifact.path"
        )
    folder = source.path if source.path.is_dir() else source.path.parent
    workers = [
        WorkerProcess(folder.resolve(), stated.callable, index, stated.workers, stated.timeout_s)
        for index in range(stated.workers)
    ]
    try:
        with ThreadPoolExecutor(len(workers)) as threads_of_start:
            list(threads_of_start.map(WorkerProcess.start, workers))
    except ManifestInvalid as error:
        for worker in workers:
            worker.close()
        raise ManifestInvalid(f"{source.where}: artifact.callable: {error}") from error
    return ModuleRuntime(workers, source.manifest)
