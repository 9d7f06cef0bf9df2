"""The scripts of terraform/, run among stand-ins, and docs/deploy.md, against what is declared."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.terraform.offline_terraform import CONFIGURATION, REPOSITORY, copy_configuration

pytestmark = pytest.mark.integration

DEPLOY = (REPOSITORY / "docs" / "deploy.md").read_text()
DECLARED = "".join(file.read_text() for file in sorted(CONFIGURATION.glob("*.tf")))
STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
    "billing projects describe"*) echo True ;;
    "storage buckets describe"*) test -n "$EXISTING" ;;
    "secrets versions list"*) test -z "$EXISTING" || echo 1 ;;
    "secrets versions add"*) cat >> "$SECRETS"; echo >> "$SECRETS" ;;
    "storage cp"*) echo page > "$5/index.html" ;;
    *firebase-tools*) cp firebase.json page/index.html "$PUBLISHED" ;;
    "rand -hex 32") printf %064d 7 ;;
    "rand -base64 32") echo c2VjcmV0 ;;
esac
"""


def run(folder: Path, script: str, *arguments: str, existing: str = "") -> list[str]:
    """Run a script among programs that note how they are called. Returns these calls."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("gcloud", "npx", "openssl", "terraform"):
        (programs / name).write_text(STAND_IN)
        (programs / name).chmod(0o755)
    calls = folder / "calls"
    calls.write_text("")
    subprocess.run(
        [folder / "terraform" / script, *arguments],
        check=True,
        capture_output=True,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "EXISTING": existing,
            "PUBLISHED": str(folder),
            "SECRETS": str(folder / "secrets"),
        },
    )
    return calls.read_text().splitlines()


def bootstrap(folder: Path, existing: str = "") -> list[str]:
    return run(folder, "bootstrap.sh", "acme-imaging", "europe-west4", existing=existing)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy_configuration(tmp_path)
    return tmp_path


def test_bootstrap_makes_what_terraform_needs_first(folder: Path):
    calls = bootstrap(folder)
    state = "gs://acme-imaging-dropsight-terraform"
    (made,) = [call for call in calls if "buckets create" in call]
    assert made.startswith(f"gcloud storage buckets create {state} ")
    assert "--public-access-prevention" in made
    assert (folder / "terraform/backend.hcl").read_text() == f'bucket = "{state[5:]}"\n'
    assert 'region  = "europe-west4"' in (folder / "terraform/terraform.tfvars").read_text()
    order = [call.split()[1] for call in calls if call.startswith("terraform")]
    assert order == ["init", "apply"]


def test_values_of_secrets_are_piped_and_never_an_argument(folder: Path):
    calls = bootstrap(folder)
    assert (folder / "secrets").read_text().split() == [f"{7:064d}", "whsec_c2VjcmV0"]
    assert [call for call in calls if "c2VjcmV0" in call or f"{7:064d}" in call] == []


def test_bootstrap_again_changes_nothing(folder: Path):
    calls = bootstrap(folder, existing="yes")
    assert [call for call in calls if " create " in call or "versions add" in call] == []


def test_the_page_is_published_from_the_web_bucket_to_its_site(folder: Path):
    (folder / "terraform/terraform.tfvars").write_text('project = "acme-imaging"\n')
    copied, published = run(folder, "publish-page.sh")
    assert copied.startswith("gcloud storage cp --recursive gs://acme-imaging-dropsight-web/* /")
    assert published.endswith(
        "firebase-tools@14 deploy --only hosting --project acme-imaging --non-interactive"
    )
    assert (folder / "index.html").read_text() == "page\n"
    hosting = json.loads((folder / "firebase.json").read_text())["hosting"]
    assert (hosting["site"], hosting["public"]) == ("acme-imaging-dropsight", "page")
    assert "Content-Security-Policy" in json.dumps(hosting["headers"])


def test_bootstrap_asks_for_resources_that_are_declared():
    script = (CONFIGURATION / "bootstrap.sh").read_text()
    targets = re.findall(r"-target=(\w+)\.(\w+)", script)
    assert len(targets) >= 6
    for kind, name in targets:
        assert f'resource "{kind}" "{name}"' in DECLARED


def test_the_guide_names_variables_and_outputs_that_are_declared():
    variables = set(re.findall(r'^variable "(\w+)"', DECLARED, re.MULTILINE))
    outputs = set(re.findall(r'^output "(\w+)"', DECLARED, re.MULTILINE))
    assert set(re.findall(r"terraform output (\w+)", DEPLOY)) <= outputs
    assert set(re.findall(r"output -(?:raw|json) (\w+)", DEPLOY)) <= outputs
    options = DEPLOY[DEPLOY.index("## Options") : DEPLOY.index("## Troubleshooting")]
    named = {match.split(" ")[0] for match in re.findall(r"^\| `([^`]+)`", options, re.MULTILINE)}
    assert named
    assert named <= variables
    (settings,) = re.findall(r"```hcl\n(project .*?)```", DEPLOY, re.DOTALL)
    assert set(re.findall(r"^#? ?(\w+) +=", settings, re.MULTILINE)) <= variables


def test_every_variable_and_output_says_what_it_is():
    for kind in ("variable", "output"):
        blocks = re.findall(rf'^{kind} "(\w+)" \{{\n  description = ', DECLARED, re.MULTILINE)
        every = re.findall(rf'^{kind} "(\w+)"', DECLARED, re.MULTILINE)
        assert blocks == every
        assert every == sorted(every)
