"""Shows on the terminal what the parts complain of; everything else stays in their logs."""

from __future__ import annotations

import json
from pathlib import Path

COMPLAINTS = frozenset({"WARNING", "ERROR", "CRITICAL"})


class LogTail:
    """New lines of a folder of logs (one JSON object a line, as `dropsight.logs` writes them)."""

    def __init__(self, folder: Path) -> None:
        """What is in the logs now is old."""
        self._folder = folder
        self._read = {path: path.stat().st_size for path in folder.glob("*.log")}

    def complaints(self) -> list[str]:
        """`part: message` for each new line of severity WARNING or more."""
        found: list[str] = []
        for path in sorted(self._folder.glob("*.log")):
            for text in self._new_lines(path):
                complaint = _complaint(text)
                if complaint is not None:
                    found.append(f"{path.stem}: {complaint}")
        return found

    def _new_lines(self, path: Path) -> list[str]:
        start = self._read.get(path, 0)
        size = path.stat().st_size
        if size == start:
            return []
        if size < start:  # moved aside and begun again
            start = 0
        with path.open("rb") as file:
            file.seek(start)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read[path] = start + len(whole) + len(newline)
        return whole.decode("utf-8", "replace").splitlines()


def _complaint(text: str) -> str | None:
    try:
        entry = json.loads(text)
    except json.JSONDecodeError:
        return None  # an access log or a traceback; the log has it
    if not isinstance(entry, dict) or entry.get("severity") not in COMPLAINTS:
        return None
    raised = str(entry.get("exception", "")).strip().rpartition("\n")[2]
    return f"{entry.get('message', '')}{raised and f': {raised}'}"
