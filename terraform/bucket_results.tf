# What people see: pictures, heatmaps, overlays. De-identified.

resource "google_storage_bucket" "results" {
  # checkov:skip=CKV_GCP_62: who read and wrote what is in the audit log (audit.tf); access logs would need a bucket of their own
  # checkov:skip=CKV_GCP_78: names follow from the content, so nothing is overwritten; soft delete keeps what is deleted
  name                        = "${var.project}-${var.prefix}-results"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  # The page reads by signed addresses.
  cors {
    origin          = local.page_origins
    method          = ["GET", "HEAD"]
    response_header = ["Content-Length", "Content-Range", "Content-Type", "ETag"]
    max_age_seconds = 3600
  }

  dynamic "lifecycle_rule" {
    for_each = var.retention_days.results[*]
    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
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

resource "google_storage_bucket_iam_member" "results_ingest" {
  bucket = google_storage_bucket.results.name
  role   = "roles/storage.objectUser"
  member = google_service_account.ingest.member
}

resource "google_storage_bucket_iam_member" "results_inference" {
  bucket = google_storage_bucket.results.name
  role   = "roles/storage.objectUser"
  member = google_service_account.inference.member
}

resource "google_storage_bucket_iam_member" "results_api" {
  bucket = google_storage_bucket.results.name
  role   = "roles/storage.objectUser"
  member = google_service_account.api.member
}
