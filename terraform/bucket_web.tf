# The built page and its config.json, from which publish-page.sh publishes to Firebase Hosting.

resource "google_storage_bucket" "web" {
  # checkov:skip=CKV_GCP_62: who read and wrote what is in the audit log (audit.tf); access logs would need a bucket of their own
  name                        = "${var.project}-${var.prefix}-web"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true # a page is rolled back by publishing what was here before
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 10
      with_state         = "ARCHIVED"
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

resource "google_storage_bucket_iam_member" "web_build" {
  bucket = google_storage_bucket.web.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

locals {
  page_folder = "${local.root}/shared/dropsight/cli/page/static"
  media_types = {
    css  = "text/css"
    html = "text/html; charset=utf-8"
    js   = "text/javascript"
    json = "application/json"
    md   = "text/markdown; charset=utf-8"
    svg  = "image/svg+xml"
    wasm = "application/wasm"
  }
}

resource "google_storage_bucket_object" "page" {
  for_each = fileset(local.page_folder, "**")

  bucket        = google_storage_bucket.web.name
  name          = each.value
  source        = "${local.page_folder}/${each.value}"
  content_type  = lookup(local.media_types, reverse(split(".", each.value))[0], "application/octet-stream")
  cache_control = startswith(each.value, "assets/") ? "public, max-age=31536000, immutable" : "no-cache"
}

resource "google_storage_bucket_object" "page_config" {
  bucket        = google_storage_bucket.web.name
  name          = "config.json"
  content       = jsonencode(local.page_config)
  content_type  = "application/json"
  cache_control = "no-cache"
}
