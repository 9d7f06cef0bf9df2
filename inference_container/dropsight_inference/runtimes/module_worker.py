"""The process in which a module runs. Needs nothing but Python: it is the module's environment.

    module_worker.py FOLDER MODULE:CLASS INDEX

Says one JSON line when the instance is made, then one for each path that it reads from stdin:
`{"found": [[[x, y, w, h], {label: probability}], ...]}` or `{"error": "Type: message"}`. Whatever
the module prints, and each traceback, goes to stderr. Ends when stdin does.
"""

from __future__ import annotations

import faulthandler
import importlib
import inspect
import json
import os
import sys
import traceback
from types import TracebackType
from typing import Any, TextIO


def main(folder: str, reference: str, index: int) -> int:
    answers, requests = _private_pipes()
    faulthandler.enable()
    sys.path.insert(0, folder)
    try:
        module, _, name = reference.partition(":")
        instance = _instance(getattr(importlib.import_module(module), name), index)
        called = instance.inference_by_path
    except BaseException as error:  # noqa: BLE001 (told to the parent, whatever it is)
        _tell_error(answers, error)
        return 1
    _tell(answers, json.dumps({"ready": True}))
    for line in requests:
        try:
            found = called(json.loads(line))
            answer = json.dumps({"found": found}, default=_plain, allow_nan=False)
        except Exception as error:  # noqa: BLE001 (told to the parent, whatever it is)
            _tell_error(answers, error)
        else:
            _tell(answers, answer)
    return 0


def _private_pipes() -> tuple[TextIO, TextIO]:
    """Answers and requests on descriptors of their own: a module may print, or read stdin."""
    answers, requests = os.fdopen(os.dup(1), "w"), os.fdopen(os.dup(0))
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return answers, requests


def _instance(kind: Any, index: int) -> Any:
    wants_index = "worker_index" in inspect.signature(kind).parameters
    return kind(worker_index=index) if wants_index else kind()


def _plain(value: Any) -> Any:
    """NumPy's and torch's numbers and arrays have `tolist`."""
    return value.tolist() if hasattr(value, "tolist") else float(value)


def _tell_error(answers: TextIO, error: BaseException) -> None:
    traceback.print_exception(type(error), error, _without_this_file(error.__traceback__))
    _tell(answers, json.dumps({"error": f"{type(error).__name__}: {error}"}))


def _without_this_file(frames: TracebackType | None) -> TracebackType | None:
    """The module's own frames, where there are any."""
    return frames.tb_next if frames is not None and frames.tb_next is not None else frames


def _tell(answers: TextIO, line: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    print(line, file=answers, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
