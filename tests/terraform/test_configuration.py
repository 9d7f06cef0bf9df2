"""terraform/ as it is: valid, formatted, and passing its own tests (terraform/tests)."""

import pytest

from tests.terraform.offline_terraform import CONFIGURATION, Outcome, Terraform

pytestmark = pytest.mark.integration


def test_the_configuration_is_valid(terraform: Terraform):
    outcome = terraform.validate(CONFIGURATION)
    assert outcome.passed, outcome.text


def test_the_configuration_is_formatted(terraform: Terraform):
    assert terraform.unformatted(CONFIGURATION) == ""


def test_the_configuration_passes_its_own_tests(tested: Outcome):
    assert tested.passed, tested.text
    assert len(tested.plans) >= 6
