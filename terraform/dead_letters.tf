# Where messages go that were refused too often, and the grants that this takes.

# To the function, which records them. Nothing is behind it: it is tried until it works.
resource "google_pubsub_subscription" "dead_letter" {
  name                       = "${local.topic_dead_letter}-push"
  topic                      = google_pubsub_topic.this[local.topic_dead_letter].id
  ack_deadline_seconds       = local.push.ack_deadline_seconds
  message_retention_duration = local.push.message_retention_duration

  push_config {
    push_endpoint = "${google_cloudfunctions2_function.dead_letter.service_config[0].uri}/projects/${var.project}/topics/${local.topic_dead_letter}"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.dead_letter.service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = local.push.minimum_backoff
    maximum_backoff = local.push.maximum_backoff
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.dead_letter_push,
    google_service_account_iam_member.push_pubsub,
  ]
}

# And, should the function be broken for longer than that, to where a person finds them for a month.
resource "google_pubsub_subscription" "dead_letter_kept" {
  name                       = "${local.topic_dead_letter}-kept"
  topic                      = google_pubsub_topic.this[local.topic_dead_letter].id
  ack_deadline_seconds       = local.push.ack_deadline_seconds
  message_retention_duration = "2678400s" # 31 days

  expiration_policy {
    ttl = ""
  }
}

# Forwarding a message means acknowledging it on the subscription that it comes from.
resource "google_pubsub_subscription_iam_member" "forwarder" {
  for_each = local.subscriptions

  subscription = each.value
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
