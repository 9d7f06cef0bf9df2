"""The archive of a function, as terraform makes it (`archive_file` in terraform/functions.tf), and
the environment that Google's buildpack makes of its requirements.

What the buildpack does (GoogleCloudPlatform/buildpacks, cmd/python): it wants main.py and
requirements.txt in the root, compiles all sources, installs the requirements with pip, whose hash
mode they switch on, and starts `functions-framework` in the root.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.integration.cloud.parts import answers, eventually
from tests.requirements_check import require

REPOSITORY = Path(__file__).parents[3]
FUNCTIONS = REPOSITORY / "functions"
NAMES = ("api", "dead_letter", "ingest", "notify")


def archive_files(name: str) -> dict[str, Path]:
    """What the archive holds, by its path there. The same rule is in terraform/functions.tf."""
    spec = json.loads((FUNCTIONS / "archive.json").read_text())
    files = {
        "main.py": FUNCTIONS / name / "main.py",
        "requirements.txt": REPOSITORY / spec["requirements"],
    }
    for part in spec["parts"]:
        folder = REPOSITORY / part["from"]
        for pattern in part["include"]:
            for path in sorted(folder.glob(pattern)):
                inside = path.relative_to(folder).as_posix()
                if not any(inside.startswith(one) for one in part["exclude"]):
                    files[f"{part['to']}/{inside}"] = path
    return files


def unpacked(name: str, folder: Path) -> Path:
    """The archive, made as a zip and opened again as Cloud Build does it."""
    packed = folder / f"{name}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for inside, path in archive_files(name).items():
            archive.write(path, inside)
    source = folder / name
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(source)
    return source


def installed(requirements: Path, folder: Path) -> Path:
    """A clean environment with exactly these requirements; its folder of commands."""
    uv = (sys.executable, "-m", "uv")
    made = subprocess.run(
        [*uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    require(made.returncode == 0, f"uv is needed for a clean environment: {made.stderr[-300:]}")
    python = folder / "bin" / "python"
    install = [*uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes"]
    done = subprocess.run(
        [*install, "-r", str(requirements)], capture_output=True, text=True, check=False
    )
    require(done.returncode == 0, f"the requirements could not be had: {done.stderr[-300:]}")
    return folder / "bin"


@contextmanager
def started(
    name: str, source: Path, commands: Path, environment: Mapping[str, str], log: Path
) -> Iterator[str]:
    """The function as its container starts it: in the root of the archive, and with nothing of this
    process around it. Its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(commands / "functions-framework")],
            cwd=source,
            env={
                "PATH": f"{commands}{os.pathsep}{os.defpath}",
                "HOME": str(log.parent),
                "XDG_RUNTIME_DIR": str(log.parent),
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "FUNCTION_TARGET": name,
                # What Cloud Functions sets for one without a trigger; the decorator decides.
                "FUNCTION_SIGNATURE_TYPE": "http",
                **environment,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(f"{name} listening", lambda: process.poll() is not None or answers(url))
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(30)
