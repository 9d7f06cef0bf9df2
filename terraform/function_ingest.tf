# A file has landed: recognised, checked, de-identified, queued.

resource "google_service_account" "ingest" {
  account_id   = "${var.prefix}-ingest"
  display_name = "Function ingest"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "ingest_firestore" {
  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.ingest.member

  condition {
    title      = "the database of dropsight only"
    expression = local.database_only
  }
}

resource "google_cloudfunctions2_function" "ingest" {
  # checkov:skip=CKV_GCP_124: only dropsight-push may call it (IAM); var.ingress closes the network as well
  name        = "${var.prefix}-ingest"
  location    = var.region
  description = "A storage event in, a queued result and a prediction request out"

  build_config {
    runtime           = local.function_runtime
    entry_point       = "ingest"
    docker_repository = google_artifact_registry_repository.images.id
    service_account   = google_service_account.function_build.id
    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.function["ingest"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.ingest.email
    ingress_settings                 = local.function_ingress
    available_memory                 = "2Gi"
    available_cpu                    = "1"
    timeout_seconds                  = 540
    min_instance_count               = 0
    max_instance_count               = 50
    max_instance_request_concurrency = 1
    all_traffic_on_latest_revision   = true
    binary_authorization_policy      = var.binary_authorization ? "default" : null
    environment_variables            = merge(local.environment, local.routing, { DROPSIGHT_BURNED_IN = var.burned_in })

    secret_environment_variables {
      key        = "DROPSIGHT_PSEUDONYM_KEY"
      project_id = var.project
      secret     = google_secret_manager_secret.pseudonym_key.secret_id
      version    = "latest"
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.function_build,
    google_project_iam_member.ingest_firestore,
    google_project_iam_member.function_build_logs,
    google_project_iam_member.function_build_sources,
    google_pubsub_subscription.predict, # or what is published for a new model would reach nobody
    google_secret_manager_secret_iam_member.pseudonym_key_ingest,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "ingest_push" {
  name     = google_cloudfunctions2_function.ingest.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

# A subscription of our own, where an Eventarc trigger would make one that drops what it cannot
# deliver within a day (docs/decisions/0015).
resource "google_pubsub_subscription" "finalized" {
  name                       = "${local.topic_finalized}-push"
  topic                      = google_pubsub_topic.this[local.topic_finalized].id
  ack_deadline_seconds       = local.push.ack_deadline_seconds
  message_retention_duration = local.push.message_retention_duration

  push_config {
    # The path tells functions-framework which topic this is; it makes the push a CloudEvent.
    push_endpoint = "${google_cloudfunctions2_function.ingest.service_config[0].uri}/projects/${var.project}/topics/${local.topic_finalized}"
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.ingest.service_config[0].uri
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
    google_cloud_run_v2_service_iam_member.ingest_push,
    google_service_account_iam_member.push_pubsub,
  ]
}
