# A message whose every delivery failed is kept and made visible.

resource "google_service_account" "dead_letter" {
  account_id   = "${var.prefix}-dead-letter"
  display_name = "Function dead_letter"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "dead_letter_firestore" {
  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.dead_letter.member

  condition {
    title      = "the database of dropsight only"
    expression = local.database_only
  }
}

resource "google_cloudfunctions2_function" "dead_letter" {
  # checkov:skip=CKV_GCP_124: only dropsight-push may call it (IAM); var.ingress closes the network as well
  name        = "${var.prefix}-dead-letter"
  location    = var.region
  description = "Records messages that were refused too often"

  build_config {
    runtime           = local.function_runtime
    entry_point       = "dead_letter"
    docker_repository = google_artifact_registry_repository.images.id
    service_account   = google_service_account.function_build.id
    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.function["dead_letter"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.dead_letter.email
    ingress_settings                 = local.function_ingress
    available_memory                 = "512Mi"
    available_cpu                    = "1"
    timeout_seconds                  = 60
    min_instance_count               = 0
    max_instance_count               = 10
    max_instance_request_concurrency = 1
    all_traffic_on_latest_revision   = true
    binary_authorization_policy      = var.binary_authorization ? "default" : null
    environment_variables            = merge(local.environment, local.routing)

  }

  depends_on = [
    google_artifact_registry_repository_iam_member.function_build,
    google_project_iam_member.dead_letter_firestore,
    google_project_iam_member.function_build_logs,
    google_project_iam_member.function_build_sources,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "dead_letter_push" {
  name     = google_cloudfunctions2_function.dead_letter.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}
