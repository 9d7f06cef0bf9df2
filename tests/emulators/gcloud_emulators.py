"""Google's own Firestore and Pub/Sub emulators, started for a test run and ended with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_TIMEOUT_S = 90.0
END_TIMEOUT_S = 10.0
COMPONENTS = {"firestore": "cloud-firestore-emulator", "pubsub": "pubsub-emulator"}


def missing_parts(kind: str) -> str:
    """What the emulator of `kind` needs and this machine lacks; empty if nothing."""
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        return "gcloud and java"
    component = COMPONENTS[kind]
    installed = (Path(gcloud).resolve().parents[1] / "platform" / component).is_dir()
    return "" if installed else f"the gcloud component {component}"


@contextmanager
def running_emulator(kind: str, folder: Path, rules: Path | None = None) -> Iterator[str]:
    """`host:port` of a running emulator, `kind` is `firestore` or `pubsub`.

    `rules`: the security rules that Firestore's holds clients to; without them everything is open.

    Its log and data go to `folder`. It leads a session of its own, so that its process group (a
    Python, a shell and a Java process) can be ended as one, and nothing else with it.
    """
    address = f"127.0.0.1:{free_port()}"
    command = ["gcloud", "beta", "emulators", kind, "start", f"--host-port={address}"]
    if kind == "pubsub":
        command.append(f"--data-dir={folder}")
    if rules is not None:
        command.append(f"--rules={rules}")
    log = folder / f"{kind}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={
                **os.environ,
                "CLOUDSDK_CONFIG": str(folder / "gcloud"),
                "CLOUDSDK_CORE_PROJECT": "dropsight-local",
                "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
                "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            },
        )
    try:
        wait_until_ready(process, address, log)
        yield address
    finally:
        end_group(process)


def wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Returns when the server at `address` answers anything at all."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"emulator at {address} did not come up:\n{log.read_text()[-2000:]}")


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own, with all that it started."""
    group = process.pid  # it was made the leader by start_new_session
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            break
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
