"""The built page as Firebase Hosting serves it: with the headers of `firebase.json`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from dropsight.cli.page.app import STATIC

FIREBASE_JSON = Path(__file__).parents[3] / "firebase.json"
POLICY = "content-security-policy"


def headers_for(path: str, emulators: Sequence[str]) -> dict[str, str]:
    """Of `path`, which begins with a slash. `emulators`: origins that stand for Google's here."""
    found: dict[str, str] = {}
    for rule in json.loads(FIREBASE_JSON.read_text())["hosting"]["headers"]:
        if fnmatch(path, f"/{rule['source']}"):
            found |= {one["key"].lower(): one["value"] for one in rule["headers"]}
    for directive in ("connect-src 'self'", "img-src 'self'"):
        assert directive in found[POLICY]
        found[POLICY] = found[POLICY].replace(directive, " ".join((directive, *emulators)))
    return found


class _Handler(SimpleHTTPRequestHandler):
    def __init__(
        self, *arguments: Any, config: Mapping[str, Any], emulators: Sequence[str]
    ) -> None:
        self._config = config
        self._emulators = emulators
        super().__init__(*arguments, directory=str(STATIC))

    def do_GET(self) -> None:
        if self.path != "/config.json":
            super().do_GET()
            return
        body = self._config["text"].encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in headers_for(self.path.partition("?")[0], self._emulators).items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent: pytest's output is for failures."""


class Hosting:
    """`config` may be changed while it serves."""

    def __init__(self) -> None:
        self.url = ""
        self._config = {"text": "{}"}

    @property
    def config(self) -> str:
        return self._config["text"]

    @config.setter
    def config(self, text: str) -> None:
        self._config["text"] = text

    @contextmanager
    def serving(self, emulators: Sequence[str]) -> Iterator[None]:
        handler = partial(_Handler, config=self._config, emulators=emulators)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
