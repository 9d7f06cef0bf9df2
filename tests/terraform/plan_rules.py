"""What must hold of every resource of a plan, whatever its name: a sentence for each breach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.terraform.plan_rights import EVERYBODY, PRIMITIVE, Right, account, resources, rights

PUBLIC = "google_cloud_run_v2_service_iam_member.api_everybody"
SECRETS = {
    "dropsight-pseudonym-key": ("inference", "ingest"),
    "dropsight-webhook-key": ("notify",),
}
RUNNING = ("api", "dead-letter", "inference", "ingest", "notify", "push")
"""Accounts of what runs between deployments: no right on the whole project."""
SERVICES = {
    "google_artifact_registry": "artifactregistry.googleapis.com",
    "google_cloud_run": "run.googleapis.com",
    "google_cloudfunctions2": "cloudfunctions.googleapis.com",
    "google_firebaserules": "firebaserules.googleapis.com",
    "google_firestore": "firestore.googleapis.com",
    "google_identity_platform": "identitytoolkit.googleapis.com",
    "google_kms": "cloudkms.googleapis.com",
    "google_logging": "logging.googleapis.com",
    "google_monitoring": "monitoring.googleapis.com",
    "google_pubsub": "pubsub.googleapis.com",
    "google_secret_manager": "secretmanager.googleapis.com",
    "google_storage": "storage.googleapis.com",
}


def breaches(plan: Mapping[str, Any]) -> list[str]:
    """All that is wrong with the plan."""
    found = [sentence for one in rights(plan) for sentence in _right(one)]
    for address, planned in resources(plan):
        found += _resource(address, planned)
    enabled = {
        one["service"]
        for _, one in resources(plan, "google_project_service")
        if "disable_on_destroy" in one
    }
    for kind, service in SERVICES.items():
        if service not in enabled and any(resources(plan, kind)):
            found.append(f"{service} is not enabled, but {kind}_… needs it")
    return found


def _right(one: Right) -> Iterator[str]:
    who = account(one.member)
    role = one.role.removeprefix("roles/")
    if one.role in PRIMITIVE:
        yield f"{one.address}: primitive role {one.role}"
    if one.member in EVERYBODY and one.address != PUBLIC:
        yield f"{one.address} is for everybody"
    if one.place == "project" and who in RUNNING:
        yield f"{who}: {role} on the whole project"
    if role == "secretmanager.secretAccessor" and who not in SECRETS[one.place]:
        yield f"dropsight-{who} may read {one.place}"


def _resource(address: str, planned: Mapping[str, Any]) -> Iterator[str]:
    if address.startswith("google_storage_bucket."):
        if not planned["uniform_bucket_level_access"]:
            yield f"{address} is not uniform: objects may have access lists of their own"
        if planned["public_access_prevention"] != "enforced":
            yield f"{address} may be made public"
    if address.startswith("google_cloud_run_v2_service.") and planned["invoker_iam_disabled"]:
        yield f"{address} asks nobody who they are"
    if planned.get("disable_on_destroy"):
        yield f"{address} is disabled on destroy"
    if address.startswith("google_cloudfunctions2_function."):
        function = address.rpartition(".")[2]
        runs_as = planned["service_config"][0]["service_account_email"].partition("@")[0]
        if runs_as != f"dropsight-{function.replace('_', '-')}":
            yield f"function {function} runs as {runs_as}"
