"""A folder that stands in for a Python base image: an interpreter of its own at usr/local."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "tests", "__pycache__", "config-*", "idlelib"
)


def make_base(root: Path) -> None:
    """Copy this interpreter to `root`/usr/local, with pip, as the official images have it.

    A copy, since the interpreter's own folder may be closed to the user that the image names.
    """
    local = root / "usr/local"
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    source = Path(sys.base_prefix)
    (local / "bin").mkdir(parents=True)
    shutil.copy2(source / "bin" / name, local / "bin" / name)
    for alias in ("python", "python3"):
        (local / "bin" / alias).symlink_to(name)
    shutil.copytree(source / "lib" / name, local / "lib" / name, ignore=LEFT_OUT)
    (local / "lib" / name / "site-packages").mkdir()
    for library in source.glob("lib/libpython*.so*"):
        shutil.copy2(library, local / "lib" / library.name)
    subprocess.run(
        [local / "bin/python", "-m", "ensurepip", "--default-pip"],
        check=True,
        capture_output=True,
        env=base_environment(root),
    )


def base_environment(root: Path) -> dict[str, str]:
    """What a container of the base image begins with; nothing of this process but for pip's way
    to packages (index, proxies, certificates, cache)."""
    passed = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_", "REQUESTS_")
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(passed)}
    local = root / "usr/local"
    return {
        **kept,
        "PATH": f"{local}/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": f"{local}/lib",
        "HOME": os.environ.get("HOME", "/tmp"),
        "LANG": "C.UTF-8",
    }
