"""Runs the steps of a Dockerfile in a folder, without Docker.

One stage is worked on at a time, always at the same place, so that what it writes down of its own
paths (shebangs, pyvenv.cfg) holds when `COPY --from` takes it to another stage. An absolute path of
the image is one below that place; what a stage does not copy, the next does not have.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import string
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

from tests.integration.images.base_image import base_environment, make_base

OF_THE_MACHINE = "bin|dev|etc|lib|lib64|proc|root|sbin|sys|tmp|usr"
IMAGE_PATH = re.compile(rf"(?<![\w./}}])/(?!(?:{OF_THE_MACHINE})\b)(?=[a-z])")
"""Where an absolute path begins that the image makes."""


@dataclass
class Image:
    """What a stage has come to."""

    root: Path
    environment: dict[str, str]
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0"
    command: list[str] = field(default_factory=list)

    def below(self, path: str) -> Path:
        """Where this path of the image is on this machine."""
        return self.root / os.path.join(self.folder, path).lstrip("/")

    def moved(self, text: str) -> str:
        """`text` with the paths of the image as those of this machine."""
        return IMAGE_PATH.sub(f"{self.root}/", text)

    def filled(self, text: str) -> str:
        known = {**self.environment, **self.arguments}
        return string.Template(text).safe_substitute(known)


class Replay:
    """`steps` holds what was run, for whoever wants to see it."""

    def __init__(self, dockerfile: Path, context: Path, place: Path) -> None:
        self._steps = DockerfileParser(path=str(dockerfile)).structure
        self._context = context
        self._stages = place / "stages"
        self._root = place / "root"
        self._base = place / "base"
        self._stages.mkdir(parents=True)
        self.steps: list[str] = []

    def build(self, arguments: Mapping[str, str]) -> Image:
        """All stages in order; the last one. Raises AssertionError with the output of a step."""
        make_base(self._root)
        self._root.rename(self._base)  # what it writes down of its own paths is true of a stage
        images: dict[str, Image] = {}
        before_from: dict[str, str] = {}
        image: Image | None = None
        name = ""
        for step in self._steps:
            instruction, value = step["instruction"], step["value"]
            if instruction == "COMMENT":
                continue
            if instruction == "FROM":
                self._put_away(name, image)
                source, _, name = value.partition(" AS ")
                filled = string.Template(source).substitute(before_from)
                name = name or f"stage {len(images)}"
                image = images[name] = self._begin(filled, images)
            elif image is None:
                assert instruction == "ARG", f"{instruction} before the first FROM"
                key, _, default = value.partition("=")
                before_from[key] = arguments.get(key, default)
            else:
                self._step(image, instruction, value, arguments, images)
        assert image is not None, "no FROM"
        return image

    def _begin(self, source: str, images: Mapping[str, Image]) -> Image:
        if source in images:
            earlier = images[source]
            _link_tree(self._stages / source, self._root)
            return Image(self._root, dict(earlier.environment), {}, earlier.folder)
        assert "@sha256:" in source, f"FROM {source}: a base without a digest"
        _link_tree(self._base, self._root)
        return Image(self._root, base_environment(self._root))

    def _put_away(self, name: str, image: Image | None) -> None:
        if image is not None:
            image.root.rename(self._stages / name)

    def _step(
        self,
        image: Image,
        instruction: str,
        value: str,
        arguments: Mapping[str, str],
        images: Mapping[str, Image],
    ) -> None:
        self.steps.append(f"{instruction} {value}")
        if instruction == "ARG":
            key, _, default = value.partition("=")
            image.arguments[key] = arguments.get(key, default.strip('"'))
        elif instruction == "ENV":
            for part in shlex.split(value):
                key, _, text = part.partition("=")
                image.environment[key] = image.moved(image.filled(text))
        elif instruction == "WORKDIR":
            image.folder = value
            image.below(value).mkdir(parents=True, exist_ok=True)
        elif instruction == "USER":
            image.user = value
        elif instruction == "CMD":
            image.command = json.loads(value)
        elif instruction == "COPY":
            self._copy(image, image.filled(value).split(), images)
        elif instruction == "RUN":
            self._run(image, value)
        else:
            assert instruction == "EXPOSE", f"this replay knows no {instruction}"

    def _copy(self, image: Image, words: list[str], images: Mapping[str, Image]) -> None:
        source_root = self._context
        whole = words[0].startswith("--from=")
        if whole:
            stage = words.pop(0).removeprefix("--from=")
            assert stage in images, f"COPY --from={stage}: no such stage"
            source_root = self._stages / stage
        *sources, target = words
        for source in sources:
            found = source_root / source.lstrip("/")
            assert found.exists(), f"COPY {source}: not there"
            if found.is_dir():
                shutil.copytree(
                    found,
                    image.below(target),
                    symlinks=True,
                    dirs_exist_ok=True,
                    ignore=None if whole else _IGNORED,
                    copy_function=os.link if whole else shutil.copy2,
                )
            else:
                into = image.below(target)
                if target.endswith("/"):
                    into.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, into)

    def _run(self, image: Image, command: str) -> None:
        if command.startswith("useradd"):
            # It would make an account on this machine; what it gives the image is a number.
            assert f"--uid {ACCOUNT} " in command, command
            return
        done = subprocess.run(
            ["/bin/sh", "-c", image.moved(command)],
            cwd=image.below(image.folder),
            env={**image.environment, **image.arguments},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"RUN {command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


ACCOUNT = "10001"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", ".mypy_cache")


def _link_tree(source: Path, target: Path) -> None:
    """A copy of links: what a step writes is a new file, so the source stays as it is."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)
