# Warm models on Cloud Run: one service for each name in var.models[*].service, and beside it one for
# explanations where they are to scale alone.

locals {
  kind = var.cpu_only ? "cpu" : "gpu"

  groups = {
    for group in distinct([for model in var.models : model.service]) : group => {
      models        = sort([for name, model in var.models : name if model.service == group])
      kinds         = distinct([for model in var.models : coalesce(model.image, local.kind) if model.service == group])
      max_instances = max([for model in var.models : model.max_instances if model.service == group]...)
      min_instances = max([for model in var.models : model.min_instances if model.service == group]...)
    }
  }

  # By the name of the service. Instances that explain are not kept warm: nobody waits for them.
  services = merge(
    { for group, one in local.groups : "${var.prefix}-${group}" => one },
    !var.explain_as_own_service ? {} : {
      for group, one in local.groups : "${var.prefix}-${group}-explain" => merge(one, { min_instances = 0 })
    },
  )

  # Where each answers. A service cannot be told its own `uri` (that would be a circle), but this form
  # of its address is known beforehand. It is the audience of the tokens that are pushed to it, too.
  address = { for name in keys(local.services) : name => "https://${name}-${local.number}.${var.region}.run.app" }

  inference_environment = merge(local.environment, {
    DROPSIGHT_BATCH_SIZE           = tostring(var.inference.batch_size)
    DROPSIGHT_DIRECT_CALLERS       = google_service_account.build.email # a canary is asked before it serves
    DROPSIGHT_MAX_IN_FLIGHT        = tostring(var.inference.concurrency)
    DROPSIGHT_PUSH_SERVICE_ACCOUNT = google_service_account.push.email
    # Cloud Run has checked the signature before the container sees the token, and removes it.
    DROPSIGHT_PUSH_SIGNATURE = "platform"
  })
}

resource "google_service_account" "inference" {
  account_id   = "${var.prefix}-inference"
  display_name = "Inference container"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "inference_firestore" {
  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.inference.member

  condition {
    title      = "the database of dropsight only"
    expression = local.database_only
  }
}

resource "google_storage_bucket_iam_member" "models_inference" {
  for_each = var.model_buckets

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = google_service_account.inference.member
}

resource "google_cloud_run_v2_service" "inference" {
  for_each = local.services

  name                = each.key
  location            = var.region
  description         = "Serves ${join(", ", each.value.models)}"
  ingress             = var.ingress == "internal" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_ALL"
  custom_audiences    = [local.address[each.key]]
  deletion_protection = var.deletion_protection

  dynamic "binary_authorization" {
    for_each = var.binary_authorization ? [true] : []
    content {
      use_default = true
    }
  }

  template {
    service_account                  = google_service_account.inference.email
    encryption_key                   = local.key
    timeout                          = "600s" # as long as Pub/Sub waits
    max_instance_request_concurrency = var.inference.concurrency
    gpu_zonal_redundancy_disabled    = var.cpu_only ? null : true # with it an L4 costs more, and its quota is scarcer

    scaling {
      min_instance_count = each.value.min_instances
      max_instance_count = each.value.max_instances
    }

    dynamic "node_selector" {
      for_each = var.cpu_only ? [] : ["nvidia-l4"]
      content {
        accelerator = node_selector.value
      }
    }

    containers {
      image = var.images[each.value.kinds[0]]

      ports {
        container_port = 8080
      }

      resources {
        cpu_idle          = false # paid by instance: batches and explanations run on between answers
        startup_cpu_boost = true
        limits = merge(
          { cpu = tostring(var.inference.cpu), memory = "${var.inference.memory_gib}Gi" },
          var.cpu_only ? {} : { "nvidia.com/gpu" = "1" },
        )
      }

      dynamic "env" {
        for_each = merge(local.inference_environment, {
          DROPSIGHT_PUSH_AUDIENCE = local.address[each.key]
          DROPSIGHT_SERVE         = join(",", each.value.models)
        })
        content {
          name  = env.key
          value = env.value
        }
      }

      env {
        name = "DROPSIGHT_PSEUDONYM_KEY"
        value_source {
          secret_key_ref {
            secret  = google_secret_manager_secret.pseudonym_key.secret_id
            version = "latest"
          }
        }
      }

      # Ready only after a forward pass through each model. 240 s is the longest that Cloud Run waits.
      startup_probe {
        period_seconds    = 5
        failure_threshold = 48
        timeout_seconds   = 4
        http_get {
          path = "/readyz"
        }
      }

      liveness_probe {
        period_seconds    = 30
        failure_threshold = 4
        timeout_seconds   = 10
        http_get {
          path = "/livez"
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  lifecycle {
    # After the first time Cloud Build decides which image runs, and how much traffic a canary gets.
    ignore_changes = [client, client_version, template[0].containers[0].image, traffic]

    precondition {
      condition     = length(each.value.kinds) == 1
      error_message = "Service ${each.key}: its models name the images ${join(", ", each.value.kinds)}. Models that share a service share its image; give one of them a service of its own."
    }
    precondition {
      condition     = contains(keys(var.images), each.value.kinds[0])
      error_message = "Service ${each.key} needs the image `${each.value.kinds[0]}`, which is not in var.images (${join(", ", keys(var.images))})."
    }
    precondition {
      condition     = length("${each.key}-${local.number}") <= 63
      error_message = "Service ${each.key}: name and project number have more than 63 characters, so that Cloud Run shortens its address. Choose a shorter service or prefix."
    }
  }

  depends_on = [
    google_kms_crypto_key_iam_member.user,
    google_project_iam_member.inference_firestore,
    google_secret_manager_secret_iam_member.pseudonym_key_inference,
    google_storage_bucket_iam_member.results_inference,
    google_storage_bucket_iam_member.work_inference,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "inference_push" {
  for_each = local.services

  name     = google_cloud_run_v2_service.inference[each.key].name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}
