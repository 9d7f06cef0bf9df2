# What builds leave behind: bills of material of the images, and what canaries saw.

resource "google_storage_bucket" "builds" {
  # checkov:skip=CKV_GCP_62: who read and wrote what is in the audit log (audit.tf); access logs would need a bucket of their own
  # checkov:skip=CKV_GCP_78: each build writes under a name of its own
  name                        = "${var.project}-${var.prefix}-builds"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = 400
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

resource "google_storage_bucket_iam_member" "builds_build" {
  bucket = google_storage_bucket.builds.name
  role   = "roles/storage.objectUser"
  member = google_service_account.build.member
}

# Pull requests plan with the images of the last release.
resource "google_storage_bucket_iam_member" "builds_plan" {
  bucket = google_storage_bucket.builds.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.plan.member
}
