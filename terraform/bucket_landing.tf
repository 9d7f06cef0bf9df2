# Where files are dropped: the only place with patient identity in it.

resource "google_storage_bucket" "landing" {
  # checkov:skip=CKV_GCP_62: who read and wrote what is in the audit log (audit.tf); access logs would need a bucket of their own
  name                        = "${var.project}-${var.prefix}-landing"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # An overwritten upload is another generation, and so another result: its bytes have to stay.
  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  # What the page sends to a signed address: the start of a resumable upload, and its pieces.
  cors {
    origin = local.page_origins
    method = ["POST", "PUT", "DELETE", "OPTIONS"]
    response_header = [
      "Content-Range",
      "Content-Type",
      "Location",
      "Range",
      "x-goog-content-length-range",
      "x-goog-if-generation-match",
      "x-goog-resumable",
    ]
    max_age_seconds = 3600
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "lifecycle_rule" {
    for_each = var.retention_days.landing[*]
    content {
      action {
        type = "Delete"
      }
      condition {
        age        = lifecycle_rule.value
        with_state = "ANY"
      }
    }
  }

  dynamic "encryption" {
    for_each = local.key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.user, google_project_service.required]
}

resource "google_storage_bucket_iam_member" "landing_ingest" {
  bucket = google_storage_bucket.landing.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.ingest.member
}

# The function api signs addresses to upload to; what it signs can do what it may do itself.
resource "google_storage_bucket_iam_member" "landing_api" {
  bucket = google_storage_bucket.landing.name
  role   = "roles/storage.objectUser"
  member = google_service_account.api.member
}

resource "google_storage_bucket_iam_member" "landing_uploader" {
  for_each = var.uploaders

  bucket = google_storage_bucket.landing.name
  role   = "roles/storage.objectCreator"
  member = each.value
}

# Each new generation is told of on a topic of our own (docs/decisions/0015).
resource "google_storage_notification" "landing" {
  bucket         = google_storage_bucket.landing.name
  topic          = google_pubsub_topic.this[local.topic_finalized].id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  # Not before somebody listens: Pub/Sub keeps nothing for subscriptions that come later.
  depends_on = [google_pubsub_subscription.finalized, google_pubsub_topic_iam_member.storage]
}
