# From ingest to the models: for each model a subscription of its own. Its filter never changes
# (Pub/Sub would make a new subscription, and lose what waits in the old one), only where it pushes to.

locals {
  # By model: the service that predicts, and the one that explains.
  predicting = { for name, model in var.models : name => "${var.prefix}-${model.service}" }
  explaining = {
    for name, service in local.predicting : name => var.explain_as_own_service ? "${service}-explain" : service
  }
}

resource "google_pubsub_subscription" "predict" {
  for_each = local.predicting

  name                       = "${local.topic_predict}-${each.key}-push"
  topic                      = google_pubsub_topic.this[local.topic_predict].id
  filter                     = "attributes.model = \"${each.key}\""
  ack_deadline_seconds       = local.push.ack_deadline_seconds
  message_retention_duration = local.push.message_retention_duration

  push_config {
    push_endpoint = "${local.address[each.value]}/pubsub/predict"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.address[each.value]
    }
  }

  retry_policy {
    minimum_backoff = local.push.minimum_backoff
    maximum_backoff = local.push.maximum_backoff
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this[local.topic_dead_letter].id
    max_delivery_attempts = var.max_delivery_attempts
  }

  expiration_policy {
    ttl = "" # never, also after a month without a file
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.inference_push,
    google_service_account_iam_member.push_pubsub,
  ]
}

resource "google_pubsub_subscription" "explain" {
  for_each = local.explaining

  name                       = "${local.topic_explain}-${each.key}-push"
  topic                      = google_pubsub_topic.this[local.topic_explain].id
  filter                     = "attributes.model = \"${each.key}\""
  ack_deadline_seconds       = local.push.ack_deadline_seconds
  message_retention_duration = local.push.message_retention_duration

  push_config {
    push_endpoint = "${local.address[each.value]}/pubsub/explain"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.address[each.value]
    }
  }

  retry_policy {
    minimum_backoff = local.push.minimum_backoff
    maximum_backoff = local.push.maximum_backoff
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this[local.topic_dead_letter].id
    max_delivery_attempts = var.max_delivery_attempts
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.inference_push,
    google_service_account_iam_member.push_pubsub,
  ]
}
