"""terraform/ and the code that it deploys agree on names: variables, endpoints, topics, folders."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from dropsight.domain import events
from dropsight.settings import Settings
from tests.terraform.offline_terraform import CONFIGURATION, REPOSITORY, Outcome
from tests.terraform.plan_rights import resources

pytestmark = pytest.mark.integration

ENDPOINTS = REPOSITORY / "inference_container" / "dropsight_inference" / "app.py"


def variables_of(kind: Any, prefix: str = "DROPSIGHT_") -> set[str]:
    """Environment variables of the settings; nested settings have their name before theirs."""
    names = set()
    for one in dataclasses.fields(kind):
        nested: Any = one.default_factory
        if dataclasses.is_dataclass(nested):
            names |= variables_of(nested, f"{prefix}{one.name.upper().removesuffix('S')}_")
        else:
            names.add(f"{prefix}{one.name.upper()}")
    return names


def test_every_variable_that_is_set_is_one_that_the_settings_read():
    given = {
        name
        for file in sorted(CONFIGURATION.glob("*.tf"))
        for name in re.findall(r"\bDROPSIGHT_[A-Z_]+\b", file.read_text())
    }
    assert given - variables_of(Settings) == set()


def test_what_is_pushed_to_is_there(tested: Outcome):
    served = set(re.findall(r'route\("(/[^"]+)"', ENDPOINTS.read_text()))
    pushed = {
        re.sub(r"https://[^/]+", "", one["push_config"][0]["push_endpoint"])
        for address, one in resources(tested.plans["messages"], "google_pubsub_subscription")
        if "predict" in address or "explain" in address
        if one.get("push_config")
    }
    assert pushed == {"/pubsub/predict", "/pubsub/explain"}
    for _, service in resources(tested.plans["messages"], "google_cloud_run_v2_service"):
        for container in (service.get("template") or [{}])[0].get("containers", []):
            probes = container["startup_probe"] + container["liveness_probe"]
            pushed |= {probe["http_get"][0]["path"] for probe in probes}
    assert pushed == {"/pubsub/predict", "/pubsub/explain", "/readyz", "/livez"}
    assert pushed <= served


def test_topics_have_the_names_that_the_code_publishes_to(tested: Outcome):
    made = {
        one["name"]
        for _, one in resources(tested.plans["messages"], "google_pubsub_topic")
        if "name" in one
    }
    assert made == {value for name, value in vars(events).items() if name.startswith("TOPIC_")}


def test_a_subscription_tells_the_function_dead_letter_its_topic(tested: Outcome):
    named = {
        one["name"]: one["topic"].rpartition("/")[2]
        for _, one in resources(tested.plans["messages"], "google_pubsub_subscription")
        if one.get("dead_letter_policy")
    }
    assert len(named) == 4
    assert {name: events.topic_of(name) for name in named} == named


def test_every_function_is_there_with_its_entry_point(tested: Outcome):
    for _, one in resources(tested.plans["messages"], "google_cloudfunctions2_function"):
        entry_point = one["build_config"][0]["entry_point"]
        main = REPOSITORY / "functions" / entry_point / "main.py"
        assert f"def {entry_point}(" in main.read_text()


def test_names_of_models_and_routes_reach_the_services(tested: Outcome):
    (service,) = [
        one
        for address, one in resources(tested.plans["second_model"], "google_cloud_run_v2_service")
        if address.endswith('["dropsight-inference"]') and "template" in one
    ]
    told = {one["name"]: one["value"] for one in service["template"][0]["containers"][0]["env"]}
    assert told["DROPSIGHT_SERVE"] == "blood-cells,cxr-pneumonia"
    assert told["DROPSIGHT_BATCH_SIZE"] == "8"


def test_the_configuration_of_the_page_has_what_the_page_reads():
    page = (CONFIGURATION / "page.tf").read_text()
    for name in (
        "source",
        "firebase",
        "apiKey",
        "authDomain",
        "projectId",
        "appId",
        "database",
        "api",
        "signIn",
    ):
        assert re.search(rf"^\s+{name}\s+= ", page, re.MULTILINE), name


def test_alerts_match_what_the_steps_say(tested: Outcome):
    said = json.dumps(
        [one for _, one in resources(tested.plans["messages"], "google_logging_metric")]
    )
    steps = "".join(
        file.read_text() for file in Path(REPOSITORY / "shared/dropsight/pipeline").glob("*.py")
    )
    for message in ("failed", "refused", "not explained", "predicted", "explained"):
        assert f'log.info("{message}"' in steps
        assert message in said
