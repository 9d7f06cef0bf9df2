"""A folder that stands in for a Python base image: `python` and `pip` at usr/local/bin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "tests", "__pycache__", "config-*", "idlelib"
)
INTERPRETER = "opt/python"


def make_base(root: Path) -> None:
    """Copy this interpreter to `root`/opt/python, and make an environment of it at usr/local.

    A copy, since the interpreter's own folder may be closed to the user that the image names; an
    environment, since distributions keep pip out of their interpreters.
    """
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    source, copy = Path(sys.base_prefix), root / INTERPRETER
    (copy / "bin").mkdir(parents=True)
    shutil.copy2(source / "bin" / name, copy / "bin" / name)
    shutil.copytree(source / "lib" / name, copy / "lib" / name, ignore=LEFT_OUT)
    for library in source.glob("lib/libpython*.so*"):
        shutil.copy2(library, copy / "lib" / library.name)
    subprocess.run(
        [copy / "bin" / name, "-m", "venv", root / "usr/local"],
        check=True,
        capture_output=True,
        env=base_environment(root),
    )


def base_environment(root: Path) -> dict[str, str]:
    """What a container of the base image begins with; nothing of this process but for pip's way
    to packages (index, proxies, certificates, cache)."""
    passed = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_", "REQUESTS_")
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(passed)}
    return {
        **kept,
        "PATH": f"{root}/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": f"{root}/{INTERPRETER}/lib",
        "HOME": os.environ.get("HOME", "/tmp"),
        "LANG": "C.UTF-8",
    }
