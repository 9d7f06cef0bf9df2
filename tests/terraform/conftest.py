"""Terraform and the stub provider, once for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.requirements_check import require
from tests.terraform.offline_terraform import (
    Outcome,
    Terraform,
    copy_configuration,
    environment_folder,
    offline_terraform,
)


@pytest.fixture(scope="session")
def stub_environment() -> Path:
    folder = environment_folder()
    require(folder, "no stub provider: `make .venv-terraform/.ready` (a part of `make test`)")
    assert folder is not None
    return folder


@pytest.fixture(scope="session")
def terraform(stub_environment: Path) -> Iterator[Terraform]:
    program = shutil.which("terraform")
    require(
        program, "no terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
    )
    assert program is not None
    with offline_terraform(stub_environment, program) as running:
        yield running


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A copy of terraform/, to be changed."""
    return copy_configuration(tmp_path)


@pytest.fixture(scope="session")
def tested(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What `terraform test` says of the configuration as it is."""
    return terraform.test(copy_configuration(tmp_path_factory.mktemp("tested")))
