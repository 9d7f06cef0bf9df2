"""Each mistake that is likely, made on purpose, is caught with words that say what it is."""

from pathlib import Path

import pytest

from tests.terraform.mutations import INVALID, UNKEPT, UNSAFE, Mutation
from tests.terraform.offline_terraform import Outcome, Terraform
from tests.terraform.plan_rules import breaches

pytestmark = pytest.mark.integration


def cases(mutations: tuple[Mutation, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mutation", mutations, ids=lambda one: one.name)


def test_as_it_is_no_rule_is_broken(tested: Outcome):
    assert [breach for plan in tested.plans.values() for breach in breaches(plan)] == []


@cases(INVALID)
def test_what_the_provider_does_not_know_is_invalid(
    terraform: Terraform, configuration: Path, mutation: Mutation
):
    mutation.apply(configuration)
    outcome = terraform.validate(configuration)
    assert not outcome.passed
    assert mutation.told in outcome.text


@cases(UNKEPT)
def test_what_is_valid_but_wrong_fails_a_test(
    terraform: Terraform, configuration: Path, mutation: Mutation
):
    mutation.apply(configuration)
    outcome = terraform.test(configuration, f"{mutation.test}.tftest.hcl")
    assert not outcome.passed
    assert mutation.told in outcome.text


@cases(UNSAFE)
def test_what_is_unsafe_breaks_a_rule(
    terraform: Terraform, configuration: Path, mutation: Mutation
):
    mutation.apply(configuration)
    outcome = terraform.test(configuration, "messages.tftest.hcl")
    found = " ".join(breaches(outcome.plans["messages"]))
    assert mutation.told in found
