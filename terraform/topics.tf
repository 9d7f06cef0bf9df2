# Messages are references and say nothing about a patient; they stay in the region all the same.

locals {
  topics = toset([
    local.topic_dead_letter,
    local.topic_explain,
    local.topic_finalized,
    local.topic_predict,
    local.topic_results,
  ])

  # Who publishes to which topic, and on no other.
  publishers = merge(
    {
      explain_api       = { topic = local.topic_explain, member = google_service_account.api.member }
      explain_inference = { topic = local.topic_explain, member = google_service_account.inference.member }
      predict_ingest    = { topic = local.topic_predict, member = google_service_account.ingest.member }
    },
    length(var.webhooks) == 0 ? {} : {
      results_api         = { topic = local.topic_results, member = google_service_account.api.member }
      results_dead_letter = { topic = local.topic_results, member = google_service_account.dead_letter.member }
      results_inference   = { topic = local.topic_results, member = google_service_account.inference.member }
      results_ingest      = { topic = local.topic_results, member = google_service_account.ingest.member }
    },
  )
}

resource "google_pubsub_topic" "this" {
  for_each = local.topics

  name         = each.key
  kms_key_name = local.key

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_kms_crypto_key_iam_member.user, google_project_service.required]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local.publishers

  topic  = google_pubsub_topic.this[each.value.topic].name
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

# Cloud Storage tells of uploads.
resource "google_pubsub_topic_iam_member" "storage" {
  topic  = google_pubsub_topic.this[local.topic_finalized].name
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.this.member
}

# Pub/Sub itself moves what was refused too often. Without this grant (and that of each subscription
# below) it silently goes on delivering instead.
resource "google_pubsub_topic_iam_member" "forwarder" {
  topic  = google_pubsub_topic.this[local.topic_dead_letter].name
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}
