"""The code of docs/webhooks.md, as a reader would paste it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dropsight.domain.webhooks import Message, read_secrets, signature_headers
from tests.requirements_check import require

pytestmark = pytest.mark.integration

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ANOTHER = "whsec_plJ3nmyCDGBKInavdOK15jsl2LaLaSwA"
BODY = b'{"type": "result.predicted"}'


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=["with-a-library", "without-one"])
def test_the_receiver_of_the_page_verifies(code: str):
    defined: dict[str, Any] = {}
    exec(code, defined)  # noqa: S102 - the page's own code
    receive = defined["receive"]
    message, now = Message("msg_1", BODY), time.time()

    headers = signature_headers(read_secrets(f"{ANOTHER} {SECRET}"), message, now)
    assert receive(SECRET, headers, BODY) == json.loads(BODY)
    for changed, body, secret in (
        (headers, BODY.replace(b"predicted", b"explained"), SECRET),
        ({**headers, "webhook-id": "msg_2"}, BODY, SECRET),
        (signature_headers(read_secrets(ANOTHER), message, now), BODY, SECRET),
        (signature_headers(read_secrets(SECRET), message, now - 3600), BODY, SECRET),
    ):
        with pytest.raises(Exception, match=r"signed|signature|recorded|old"):
            receive(secret, changed, body)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`dropsight webhook listen`, and the variables of a shell beside it."""
    commands = tmp_path / "bin"
    commands.mkdir()
    launcher = commands / "dropsight"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dropsight.cli.main "$@"\n')
    launcher.chmod(0o755)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("DROPSIGHT_")},
        "DROPSIGHT_ROOT": str(tmp_path),
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
    }
    with subprocess.Popen(
        [str(launcher), "webhook", "listen", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        environment["RECEIVER"] = process.stderr.readline().split()[-1]
        yield process, environment
        process.terminate()


def test_the_commands_of_the_page_send_one_that_verifies(
    listener: tuple[subprocess.Popen[str], dict[str, str]],
):
    for needed in ("bash", "curl", "openssl", "base64", "od"):
        require(shutil.which(needed) is not None, f"{needed} is not on this machine")
    process, environment = listener
    (commands,) = blocks("sh")
    run = [str(shutil.which("bash")), "-euo", "pipefail", "-c"]

    said = subprocess.run(
        [*run, commands], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert process.stdout is not None
    assert process.stdout.readline().split() == [
        "result.queued",
        "r1",
        "cxr/film.dcm",
        "msg_by_hand",
    ]

    forged = commands.replace("SECRET=$(dropsight webhook secret)", f"SECRET={ANOTHER}")
    said = subprocess.run(
        [*run, forged], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert said.returncode != 0
    assert "fits none of the 1 secrets" in said.stdout
