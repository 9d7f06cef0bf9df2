"""Changes of terraform/ that each break one promise, and the words that must tell of it."""

# ruff: noqa: E501 - text of the configuration, as it is there

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """In `file`, the first `old` becomes `new` (`old` alone: it is removed)."""

    name: str
    file: str
    old: str
    new: str
    told: str
    """What the error says."""
    test: str = "messages"
    """tests/<test>.tftest.hcl is run, all of them take longer."""

    def apply(self, folder: Path) -> None:
        path = folder / self.file
        text = path.read_text()
        assert self.old in text, f"{self.file} no longer has {self.old!r}"
        path.write_text(text.replace(self.old, self.new, 1))


INVALID = (
    Mutation(
        "misspelled attribute",
        "subscriptions.tf",
        "ack_deadline_seconds ",
        "ack_deadline_secs ",
        'An argument named "ack_deadline_secs" is not expected here',
    ),
    Mutation(
        "misspelled block",
        "subscriptions.tf",
        "dead_letter_policy {",
        "dead_letter_polcy {",
        'Blocks of type "dead_letter_polcy" are not expected here',
    ),
    Mutation(
        "misspelled resource",
        "topics.tf",
        'resource "google_pubsub_topic" "this"',
        'resource "google_pubsub_topics" "this"',
        'does not support resource type "google_pubsub_topics"',
    ),
    Mutation(
        "misspelled reference",
        "functions.tf",
        "google_storage_bucket.sources.name",
        "google_storage_bucket.source.name",
        'A managed resource "google_storage_bucket" "source" has not been declared',
    ),
    Mutation(
        "misspelled output of a resource",
        "dead_letters.tf",
        "service_config[0].uri}/projects",
        "service_config[0].url}/projects",
        'This object has no argument, nested block, or exported attribute named "url"',
    ),
    Mutation(
        "missing required attribute",
        "database.tf",
        '  type                              = "FIRESTORE_NATIVE"\n',
        "",
        'The argument "type" is required',
    ),
    Mutation(
        "missing required block",
        "secrets.tf",
        "replication {",
        "topics {",
        'At least 1 "replication" blocks are required',
    ),
    Mutation(
        "wrong type",
        "subscriptions.tf",
        "max_delivery_attempts = var.max_delivery_attempts",
        "max_delivery_attempts = [5]",
        'Inappropriate value for attribute "max_delivery_attempts": number required',
    ),
    Mutation(
        "a number that is none",
        "alerts.tf",
        "threshold_value = 900",
        'threshold_value = "15 minutes"',
        "a number is required",
    ),
    Mutation(
        "a block too many",
        "dead_letters.tf",
        "  retry_policy {",
        "  retry_policy {\n  }\n  retry_policy {",
        'No more than 1 "retry_policy" blocks are allowed',
    ),
    Mutation(
        "misspelled attribute in a nested block",
        "function_api.tf",
        "    service_account_email ",
        "    service_account_mail ",
        'An argument named "service_account_mail" is not expected here',
    ),
)
"""`terraform validate` refuses them."""

UNKEPT = (
    Mutation(
        "another audience",
        "subscriptions.tf",
        "audience              = local.address[each.value]",
        'audience              = "https://example.org"',
        "the audience of a push is not the address of the service",
    ),
    Mutation(
        "audience of another function",
        "function_ingest.tf",
        "audience              = google_cloudfunctions2_function.ingest",
        "audience              = google_cloudfunctions2_function.api",
        "the audience of uploads is not the address of the function ingest",
    ),
    Mutation(
        "pushed to the wrong endpoint",
        "subscriptions.tf",
        "}/pubsub/explain",
        "}/pubsub/predict",
        "explain is not pushed to the inference service",
    ),
    Mutation(
        "no dead letters",
        "subscriptions.tf",
        "  dead_letter_policy {\n    dead_letter_topic     = google_pubsub_topic.this[local.topic_dead_letter].id\n    max_delivery_attempts = var.max_delivery_attempts\n  }\n",
        "",
        "a subscription has no dead letters",
    ),
    Mutation(
        "dead letters to the topic that they come from",
        "function_ingest.tf",
        "dead_letter_topic     = google_pubsub_topic.this[local.topic_dead_letter].id",
        "dead_letter_topic     = google_pubsub_topic.this[local.topic_finalized].id",
        "a subscription has no dead letters",
    ),
    Mutation(
        "too many attempts",
        "function_notify.tf",
        "max_delivery_attempts = 20",
        "max_delivery_attempts = 100",
        "after fewer than 5 or more than 20 attempts",
    ),
    Mutation(
        "Pub/Sub may not acknowledge for explain",
        "push.tf",
        "    { for one in google_pubsub_subscription.explain : one.name => one.id },\n",
        "",
        "may not acknowledge on each subscription",
    ),
    Mutation(
        "Pub/Sub may not publish dead letters",
        "topics.tf",
        'role   = "roles/pubsub.publisher"\n  member = local.pubsub_agent',
        'role   = "roles/pubsub.viewer"\n  member = local.pubsub_agent',
        "Pub/Sub may not publish dead letters",
    ),
    Mutation(
        "Pub/Sub may not sign tokens",
        "push.tf",
        '"roles/iam.serviceAccountTokenCreator"',
        '"roles/iam.serviceAccountUser"',
        "Pub/Sub may not sign tokens",
    ),
    Mutation(
        "Cloud Storage may not publish",
        "topics.tf",
        "member = data.google_storage_project_service_account.this.member",
        "member = local.pubsub_agent",
        "Cloud Storage may not tell of uploads",
    ),
    Mutation(
        "a subscription that expires",
        "subscriptions.tf",
        'ttl = "" # never, also after a month without a file',
        'ttl = "2678400s"',
        "a subscription expires",
    ),
    Mutation(
        "a short ack deadline",
        "push.tf",
        "ack_deadline_seconds       = 600 ",
        "ack_deadline_seconds       = 60 ",
        "an ack deadline is shorter",
    ),
    Mutation(
        "no pause before another delivery",
        "push.tf",
        'minimum_backoff            = "10s"',
        'minimum_backoff            = "0s"',
        "delivers again without a pause",
    ),
    Mutation(
        "filter of another model",
        "subscriptions.tf",
        'attributes.model = \\"${each.key}\\"',
        'attributes.model = \\"${var.prefix}\\"',
        "takes the messages of other models",
    ),
    Mutation(
        "not ready before it is",
        "inference.tf",
        'path = "/readyz"',
        'path = "/livez"',
        "the probes ask the wrong endpoints",
        test="services",
    ),
    Mutation(
        "a GPU by the request",
        "inference.tf",
        "cpu_idle          = false",
        "cpu_idle          = true",
        "billing by instance",
        test="services",
    ),
    Mutation(
        "no protection of the results",
        "database.tf",
        '"POINT_IN_TIME_RECOVERY_ENABLED"',
        '"POINT_IN_TIME_RECOVERY_DISABLED"',
        "results can be destroyed by mistake",
        test="services",
    ),
    Mutation(
        "no rules",
        "database.tf",
        'name         = "cloud.firestore"',
        'name         = "firebase.storage"',
        "are not released",
        test="services",
    ),
    Mutation(
        "explanations where predictions are",
        "subscriptions.tf",
        '"${service}-explain" : service',
        "service : service",
        "explanations are not pushed to their own service",
        test="explain_as_own_service",
    ),
    Mutation(
        "pull requests with the rights of main",
        "build.tf",
        'filename        = "cloudbuild/pull-request.yaml"\n  service_account = google_service_account.plan.id',
        'filename        = "cloudbuild/pull-request.yaml"\n  service_account = google_service_account.build.id',
        "a pull request is built with the rights of main",
        test="everything_on",
    ),
    Mutation(
        "images by tag",
        "variables.tf",
        '"@sha256:[0-9a-f]{64}$"',
        '"[@:].+$"',
        "var.images",
        test="refused",
    ),
)
"""`terraform test` refuses them."""

UNSAFE = (
    Mutation(
        "a primitive role",
        "function_ingest.tf",
        '"roles/datastore.user"',
        '"roles/editor"',
        "primitive role roles/editor",
    ),
    Mutation(
        "a public bucket",
        "bucket_results.tf",
        "member = google_service_account.api.member",
        'member = "allUsers"',
        "google_storage_bucket_iam_member.results_api is for everybody",
    ),
    Mutation(
        "access lists in place of policies",
        "bucket_results.tf",
        "uniform_bucket_level_access = true",
        "uniform_bucket_level_access = false",
        "google_storage_bucket.results is not uniform",
    ),
    Mutation(
        "no public access prevention",
        "bucket_landing.tf",
        '"enforced"',
        '"inherited"',
        "google_storage_bucket.landing may be made public",
    ),
    Mutation(
        "everybody may ask the models",
        "inference.tf",
        "member   = google_service_account.push.member",
        'member   = "allAuthenticatedUsers"',
        "is for everybody",
    ),
    Mutation(
        "no check of callers",
        "inference.tf",
        "  deletion_protection = var.deletion_protection\n",
        "  deletion_protection = var.deletion_protection\n  invoker_iam_disabled = true\n",
        "asks nobody who they are",
    ),
    Mutation(
        "a missing API",
        "apis.tf",
        '    "pubsub.googleapis.com",\n    "run',
        '    "run',
        "pubsub.googleapis.com is not enabled",
    ),
    Mutation(
        "an API that goes with us",
        "apis.tf",
        "disable_on_destroy = false",
        "disable_on_destroy = true",
        "is disabled on destroy",
    ),
    Mutation(
        "a role on the whole project",
        "bucket_work.tf",
        'resource "google_storage_bucket_iam_member" "work_ingest" {\n  bucket = google_storage_bucket.work.name\n',
        'resource "google_project_iam_member" "work_ingest" {\n  project = var.project\n',
        "storage.objectUser on the whole project",
    ),
    Mutation(
        "a secret for another function",
        "secrets.tf",
        "member    = google_service_account.ingest.member",
        "member    = google_service_account.api.member",
        "dropsight-api may read dropsight-pseudonym-key",
    ),
    Mutation(
        "files by a function that needs none",
        "function_notify.tf",
        "service_account_email            = google_service_account.notify.email",
        "service_account_email            = google_service_account.api.email",
        "function notify runs as dropsight-api",
    ),
)
"""What `plan_rules.py` refuses in the plan."""
