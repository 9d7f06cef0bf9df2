# Archives of the functions, from which Cloud Functions builds.

resource "google_storage_bucket" "sources" {
  # checkov:skip=CKV_GCP_62: who read and wrote what is in the audit log (audit.tf); access logs would need a bucket of their own
  name                        = "${var.project}-${var.prefix}-sources"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  soft_delete_policy {
    retention_duration_seconds = 0 # all of it is in the repository
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
  }

  versioning {
    enabled = true
  }

  dynamic "encryption" {
    for_each = local.key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.user, google_project_service.required]
}

resource "google_storage_bucket_iam_member" "sources_function_build" {
  bucket = google_storage_bucket.sources.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.function_build.member
}
