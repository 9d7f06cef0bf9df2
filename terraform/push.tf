# The identity that Pub/Sub pushes with, and what all push subscriptions have in common.

locals {
  pubsub_agent = google_project_service_identity.agent["pubsub.googleapis.com"].member

  push = {
    ack_deadline_seconds       = 600       # the most there is: an explanation may take minutes
    message_retention_duration = "604800s" # 7 days
    minimum_backoff            = "10s"
    maximum_backoff            = "600s"
  }

  # Messages with a subscription, for the grants that dead letters need.
  subscriptions = merge(
    { (google_pubsub_subscription.finalized.name) = google_pubsub_subscription.finalized.id },
    { for one in google_pubsub_subscription.predict : one.name => one.id },
    { for one in google_pubsub_subscription.explain : one.name => one.id },
    { for one in google_pubsub_subscription.webhook : one.name => one.id },
  )
}

resource "google_service_account" "push" {
  account_id   = "${var.prefix}-push"
  display_name = "Pub/Sub, pushing to dropsight"

  depends_on = [google_project_service.required]
}

# Pub/Sub signs the tokens of its pushes in the name of this account.
resource "google_service_account_iam_member" "push_pubsub" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
