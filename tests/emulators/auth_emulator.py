"""Firebase's own Auth emulator: accounts with passwords and custom claims, and tokens for them.

It is part of the npm package firebase-tools and runs in Node alone, without a network:
`npm install --no-save --ignore-scripts` in `tests/emulators/firebase` puts it there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.emulators.gcloud_emulators import end_group, free_port, wait_until_ready

PROGRAM = Path(__file__).parent / "firebase/node_modules/firebase-tools/lib/bin/firebase.js"
HTTP = urllib3.PoolManager(retries=False, timeout=30.0)


@dataclass(frozen=True)
class AuthEmulator:
    host: str
    """`127.0.0.1:port`, for FIREBASE_AUTH_EMULATOR_HOST."""
    project: str

    def add_user(self, email: str, password: str, name: str = "") -> str:
        """The new user's id."""
        asked = {"email": email, "password": password, "displayName": name}
        return str(self._admin("accounts", asked)["localId"])

    def uid(self, email: str) -> str:
        """The id of the account with this address."""
        return str(self._admin("accounts:lookup", {"email": [email]})["users"][0]["localId"])

    def grant(self, uid: str, projects: Sequence[str], **claims: Any) -> None:
        """Set the custom claims, as an administrator does; they are in the user's next token."""
        attributes = json.dumps({"projects": list(projects), **claims})
        self._admin("accounts:update", {"localId": uid, "customAttributes": attributes})

    def token(self, email: str, password: str) -> str:
        """An ID token, as the page gets it."""
        answer = HTTP.request(
            "POST",
            f"http://{self.host}/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=k",
            json={"email": email, "password": password, "returnSecureToken": True},
        )
        assert answer.status == 200, answer.data
        return str(answer.json()["idToken"])

    def _admin(self, what: str, asked: dict[str, Any]) -> Any:
        answer = HTTP.request(
            "POST",
            f"http://{self.host}/identitytoolkit.googleapis.com/v1/projects/{self.project}/{what}",
            json=asked,
            headers={"authorization": "Bearer owner"},
        )
        assert answer.status == 200, answer.data
        return answer.json()


def missing_parts() -> str:
    """What the emulator needs and this machine lacks; empty if nothing."""
    if shutil.which("node") is None:
        return "node"
    return "" if PROGRAM.is_file() else "firebase-tools (npm install in tests/emulators/firebase)"


@contextmanager
def running_auth_emulator(folder: Path, project: str) -> Iterator[AuthEmulator]:
    """`project` begins with `demo-`: then the emulator asks no cloud for anything."""
    node = shutil.which("node")
    assert node is not None
    ports = {name: free_port() for name in ("auth", "hub", "logging")}
    emulators = {name: {"host": "127.0.0.1", "port": port} for name, port in ports.items()}
    settings = {"emulators": {**emulators, "ui": {"enabled": False}}}
    (folder / "firebase.json").write_text(json.dumps(settings))
    address = f"127.0.0.1:{ports['auth']}"
    log = folder / "auth.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node, PROGRAM, "emulators:start", "--only", "auth", "--project", project],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "CI": "true"},
        )
    try:
        wait_until_ready(process, address, log)
        yield AuthEmulator(address, project)
    finally:
        end_group(process)
