# Prepared frames: de-identified, made again from the upload if lost.

resource "google_storage_bucket" "work" {
  # checkov:skip=CKV_GCP_62: who read and wrote what is in the audit log (audit.tf); access logs would need a bucket of their own
  # checkov:skip=CKV_GCP_78: what is here is made again from the upload
  name                        = "${var.project}-${var.prefix}-work"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 0 # what is here can be made again
  }

  dynamic "lifecycle_rule" {
    for_each = var.retention_days.work[*]
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

resource "google_storage_bucket_iam_member" "work_ingest" {
  bucket = google_storage_bucket.work.name
  role   = "roles/storage.objectUser"
  member = google_service_account.ingest.member
}

resource "google_storage_bucket_iam_member" "work_inference" {
  bucket = google_storage_bucket.work.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.inference.member
}

resource "google_storage_bucket_iam_member" "work_api" {
  bucket = google_storage_bucket.work.name
  role   = "roles/storage.objectUser"
  member = google_service_account.api.member
}
