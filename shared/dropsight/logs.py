"""Structured logs: one JSON object a line on stdout, as Cloud Logging reads them.

`log.info("predicted", extra={"result_id": …})`: what is in `extra` becomes a field, so that one
upload is found across all steps by its result id. `DROPSIGHT_LOG=text` gives lines for people.
"""

from __future__ import annotations

import json
import logging
import os
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "severity": record.levelname,
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "logger": record.name,
            "message": record.getMessage(),
            **{k: v for k, v in vars(record).items() if k not in _STANDARD},
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def configure_logging() -> None:
    """Called once by an entry point; replaces the handlers of the root logger."""
    handler = logging.StreamHandler(sys.stdout)
    if os.environ.get("DROPSIGHT_LOG") == "text":
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    else:
        handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
