# What runs, with the defaults.

mock_provider "archive" {}
mock_provider "google" {
  source = "./tests/google"
}
mock_provider "google-beta" {
  source = "./tests/beta"
}

variables {
  project                = "acme-imaging"
  explain_as_own_service = false
  images = {
    cpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-cpu@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    gpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-gpu@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  }
}

run "service" {
  command = plan

  assert {
    condition     = keys(google_cloud_run_v2_service.inference) == ["dropsight-inference"]
    error_message = "there is more than one inference service"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].node_selector[0].accelerator == "nvidia-l4" && google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].resources[0].limits["nvidia.com/gpu"] == "1" && google_cloud_run_v2_service.inference["dropsight-inference"].template[0].gpu_zonal_redundancy_disabled
    error_message = "the service has no L4, or pays for it in two zones"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].resources[0].limits["cpu"] == "4" && google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].resources[0].limits["memory"] == "16Gi" && !google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].resources[0].cpu_idle
    error_message = "an L4 needs 4 CPUs, 16 GiB and billing by instance"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].image == var.images["gpu"]
    error_message = "the GPU service does not run the GPU image"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].startup_probe[0].http_get[0].path == "/readyz" && google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].liveness_probe[0].http_get[0].path == "/livez"
    error_message = "the probes ask the wrong endpoints"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].scaling[0].min_instance_count == 0
    error_message = "an instance is paid for while nothing happens"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].max_instance_request_concurrency >= var.inference.batch_size
    error_message = "the batch can never fill"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].deletion_protection && google_firestore_database.results.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.results.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "results can be destroyed by mistake"
  }

  # Without an event trigger there is no retry policy to forget: Pub/Sub delivers again.
  assert {
    condition     = alltrue([for one in [google_cloudfunctions2_function.api, google_cloudfunctions2_function.dead_letter, google_cloudfunctions2_function.ingest, google_cloudfunctions2_function.notify] : length(one.event_trigger) == 0 && one.service_config[0].min_instance_count == 0])
    error_message = "a function has a trigger that is not ours, or is kept warm"
  }
  assert {
    condition     = google_firebaserules_release.firestore.name == "cloud.firestore" && strcontains(google_firebaserules_ruleset.firestore.source[0].files[0].content, "rules_version")
    error_message = "the rules of firestore/firestore.rules are not released"
  }
  assert {
    condition     = length(google_firestore_index.composite) == length(jsondecode(file("${path.module}/../firestore/firestore.indexes.json")).indexes)
    error_message = "an index of firestore.indexes.json is missing"
  }
  assert {
    condition     = length(google_pubsub_subscription.webhook) == 0 && google_cloudfunctions2_function.ingest.service_config[0].environment_variables["DROPSIGHT_PUBLISH_CHANGES"] == "false"
    error_message = "changes are published though nobody is told of them"
  }
}
