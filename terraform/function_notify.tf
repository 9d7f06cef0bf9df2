# Tells subscribers of changes of results. Where var.webhooks is empty nothing is published to it.

resource "google_service_account" "notify" {
  account_id   = "${var.prefix}-notify"
  display_name = "Function notify"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "notify_firestore" {
  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.notify.member

  condition {
    title      = "the database of dropsight only"
    expression = local.database_only
  }
}

resource "google_cloudfunctions2_function" "notify" {
  # checkov:skip=CKV_GCP_124: only dropsight-push may call it (IAM); var.ingress closes the network as well
  name        = "${var.prefix}-notify"
  location    = var.region
  description = "Signed webhooks on changes of results"

  build_config {
    runtime           = local.function_runtime
    entry_point       = "notify"
    docker_repository = google_artifact_registry_repository.images.id
    service_account   = google_service_account.function_build.id
    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.function["notify"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.notify.email
    ingress_settings                 = local.function_ingress
    available_memory                 = "512Mi"
    available_cpu                    = "1"
    timeout_seconds                  = 60
    min_instance_count               = 0
    max_instance_count               = 20
    max_instance_request_concurrency = 16
    all_traffic_on_latest_revision   = true
    binary_authorization_policy      = var.binary_authorization ? "default" : null
    environment_variables = merge(local.environment, {
      DROPSIGHT_API_ADDRESS  = google_cloudfunctions2_function.api.service_config[0].uri
      DROPSIGHT_WEBHOOK_URLS = jsonencode(var.webhooks)
      THREADS                = "16" # of functions-framework: posts wait for slow subscribers
    })

    secret_environment_variables {
      key        = "DROPSIGHT_WEBHOOK_SECRET"
      project_id = var.project
      secret     = google_secret_manager_secret.webhook_key.secret_id
      version    = "latest"
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.function_build,
    google_project_iam_member.notify_firestore,
    google_project_iam_member.function_build_logs,
    google_project_iam_member.function_build_sources,
    google_secret_manager_secret_iam_member.webhook_key_notify,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "notify_push" {
  name     = google_cloudfunctions2_function.notify.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

# One for each subscriber: Pub/Sub slows a whole subscription down when its endpoint refuses, and one
# dead subscriber must not slow the others.
resource "google_pubsub_subscription" "webhook" {
  for_each = var.webhooks

  name                       = "${local.topic_results}-${each.key}-push"
  topic                      = google_pubsub_topic.this[local.topic_results].id
  ack_deadline_seconds       = 60
  message_retention_duration = local.push.message_retention_duration

  push_config {
    push_endpoint = google_cloudfunctions2_function.notify.service_config[0].uri
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.notify.service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = local.push.minimum_backoff
    maximum_backoff = local.push.maximum_backoff
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this[local.topic_dead_letter].id
    max_delivery_attempts = 20 # another's server may be down for hours
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [
    google_cloud_run_v2_service_iam_member.notify_push,
    google_service_account_iam_member.push_pubsub,
  ]
}
