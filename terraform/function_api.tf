# What the page and other clients ask: lists, signed addresses, feedback, deletion.

resource "google_service_account" "api" {
  account_id   = "${var.prefix}-api"
  display_name = "Function api"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "api_firestore" {
  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.api.member

  condition {
    title      = "the database of dropsight only"
    expression = local.database_only
  }
}

resource "google_cloudfunctions2_function" "api" {
  # checkov:skip=CKV_GCP_124: browsers call it; each request's Firebase token is checked
  name        = "${var.prefix}-api"
  location    = var.region
  description = "Results over HTTP, signed upload and download addresses"

  build_config {
    runtime           = local.function_runtime
    entry_point       = "api"
    docker_repository = google_artifact_registry_repository.images.id
    service_account   = google_service_account.function_build.id
    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.function["api"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.api.email
    ingress_settings                 = "ALLOW_ALL" # browsers ask it
    available_memory                 = "512Mi"
    available_cpu                    = "1"
    timeout_seconds                  = 60
    min_instance_count               = 0
    max_instance_count               = 20
    max_instance_request_concurrency = 16
    all_traffic_on_latest_revision   = true
    binary_authorization_policy      = var.binary_authorization ? "default" : null
    environment_variables            = merge(local.environment, local.routing, { DROPSIGHT_PAGE_ORIGINS = join(",", local.page_origins) })

  }

  depends_on = [
    google_artifact_registry_repository_iam_member.function_build,
    google_project_iam_member.api_firestore,
    google_project_iam_member.function_build_logs,
    google_project_iam_member.function_build_sources,
  ]
}

# It signs addresses in its own name.
resource "google_service_account_iam_member" "api_signer" {
  service_account_id = google_service_account.api.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.api.member
}

# Browsers have no Google identity: the function itself checks each request's Firebase token.
resource "google_cloud_run_v2_service_iam_member" "api_everybody" {
  name     = google_cloudfunctions2_function.api.name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}
