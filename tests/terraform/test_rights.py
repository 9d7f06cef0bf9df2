"""Who may do what: each account exactly what is listed here, and nobody what nobody should."""

from collections import defaultdict

import pytest

from tests.terraform.offline_terraform import Outcome
from tests.terraform.plan_rights import EVERYBODY, PRIMITIVE, account, rights

pytestmark = pytest.mark.integration

FIRESTORE = "datastore.user: project if the database of dropsight only"
BUCKET = "acme-imaging-dropsight"
RUNTIME = {
    "allUsers": ["run.invoker: dropsight-api"],  # it checks Firebase tokens itself
    "api": [
        FIRESTORE,
        "iam.serviceAccountTokenCreator: dropsight-api",
        "pubsub.publisher: dropsight-explain",
        "pubsub.publisher: dropsight-results",
        f"storage.objectUser: {BUCKET}-landing",
        f"storage.objectUser: {BUCKET}-results",
        f"storage.objectUser: {BUCKET}-work",
    ],
    "build": [
        "artifactregistry.writer: dropsight",
        "iam.serviceAccountUser: dropsight-inference",
        "logging.logWriter: project",
        "logging.viewer: project",
        "run.developer: dropsight-inference",
        "run.invoker: dropsight-inference",
        f"storage.objectUser: {BUCKET}-builds",
        f"storage.objectViewer: {BUCKET}-web",
    ],
    "dead-letter": [FIRESTORE, "pubsub.publisher: dropsight-results"],
    "function-build": [
        "artifactregistry.writer: dropsight",
        "logging.logWriter: project",
        f"storage.objectViewer: {BUCKET}-sources",
        "storage.objectViewer: project if copies of function sources only",
    ],
    "gcp-sa-pubsub": [
        "iam.serviceAccountTokenCreator: dropsight-push",
        "pubsub.publisher: dropsight-dead-letter",
        "pubsub.subscriber: dropsight-explain-cxr-pneumonia-push",
        "pubsub.subscriber: dropsight-finalized-push",
        "pubsub.subscriber: dropsight-predict-cxr-pneumonia-push",
        "pubsub.subscriber: dropsight-results-ehr-push",
    ],
    "gs-project-accounts": ["pubsub.publisher: dropsight-finalized"],
    "inference": [
        FIRESTORE,
        "pubsub.publisher: dropsight-explain",
        "pubsub.publisher: dropsight-results",
        "secretmanager.secretAccessor: dropsight-pseudonym-key",
        f"storage.objectUser: {BUCKET}-results",
        f"storage.objectViewer: {BUCKET}-work",
    ],
    "ingest": [
        FIRESTORE,
        "pubsub.publisher: dropsight-predict",
        "pubsub.publisher: dropsight-results",
        "secretmanager.secretAccessor: dropsight-pseudonym-key",
        f"storage.objectUser: {BUCKET}-results",
        f"storage.objectUser: {BUCKET}-work",
        f"storage.objectViewer: {BUCKET}-landing",
    ],
    "notify": [FIRESTORE, "secretmanager.secretAccessor: dropsight-webhook-key"],
    "plan": [
        "logging.logWriter: project",
        "projects/acme-imaging/roles/dropsight_plan: project",
        f"storage.objectViewer: {BUCKET}-builds",
        f"storage.objectViewer: {BUCKET}-terraform",
    ],
    "push": [
        "run.invoker: dropsight-dead-letter",
        "run.invoker: dropsight-inference",
        "run.invoker: dropsight-ingest",
        "run.invoker: dropsight-notify",
    ],
}


def test_each_account_has_exactly_its_rights(tested: Outcome):
    held = defaultdict(list)
    for one in rights(tested.plans["messages"]):
        held[account(one.member)].append(f"{one.role.removeprefix('roles/')}: {one.place}")
    assert {name: sorted(its) for name, its in held.items()} == RUNTIME


@pytest.mark.parametrize("run", ["messages", "everything_on"])
def test_nobody_has_a_primitive_role(tested: Outcome, run: str):
    assert [one for one in rights(tested.plans[run]) if one.role in PRIMITIVE] == []


@pytest.mark.parametrize("run", ["messages", "everything_on"])
def test_everybody_reaches_the_function_api_and_nothing_else(tested: Outcome, run: str):
    public = [one.address for one in rights(tested.plans[run]) if one.member in EVERYBODY]
    assert public == ["google_cloud_run_v2_service_iam_member.api_everybody"]


def test_builds_without_a_repository_administer_nothing(tested: Outcome):
    admins = [one for one in rights(tested.plans["messages"]) if one.role.endswith("dmin")]
    assert admins == []


def test_pull_requests_never_get_more_than_reading(tested: Outcome):
    held = [
        f"{one.role.removeprefix('roles/')}: {one.place}"
        for one in rights(tested.plans["everything_on"])
        if account(one.member) == "plan"
    ]
    assert sorted(held) == RUNTIME["plan"]
