# Variants: each switch changes what it says, and nothing that holds everywhere.

mock_provider "archive" {}
mock_provider "google" {
  source = "./tests/google"
}
mock_provider "google-beta" {
  source = "./tests/beta"
}

variables {
  project = "acme-imaging"
  images = {
    cpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-cpu@sha256:2222222222222222222222222222222222222222222222222222222222222222"
    gpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-gpu@sha256:1111111111111111111111111111111111111111111111111111111111111111"
  }
}

run "explain_as_own_service" {
  command = plan
  variables {
    explain_as_own_service = true
    models                 = { cxr-pneumonia = { min_instances = 1 } }
  }

  assert {
    condition     = keys(google_cloud_run_v2_service.inference) == ["dropsight-inference", "dropsight-inference-explain"]
    error_message = "explanations have no service of their own"
  }
  assert {
    condition     = google_pubsub_subscription.explain["cxr-pneumonia"].push_config[0].push_endpoint == "https://dropsight-inference-explain-123456789012.us-central1.run.app/pubsub/explain" && google_pubsub_subscription.explain["cxr-pneumonia"].push_config[0].oidc_token[0].audience == "https://dropsight-inference-explain-123456789012.us-central1.run.app"
    error_message = "explanations are not pushed to their own service"
  }
  assert {
    condition     = [for name, one in google_cloud_run_v2_service.inference : one.template[0].scaling[0].min_instance_count] == [1, 0]
    error_message = "instances that explain are kept warm"
  }
}

run "cpu_only" {
  command = plan
  variables {
    cpu_only  = true
    inference = { cpu = 2, memory_gib = 4 }
  }

  assert {
    condition     = length(google_cloud_run_v2_service.inference["dropsight-inference"].template[0].node_selector) == 0 && !contains(keys(google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].resources[0].limits), "nvidia.com/gpu") && google_cloud_run_v2_service.inference["dropsight-inference"].template[0].gpu_zonal_redundancy_disabled == null
    error_message = "a GPU is asked for"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].containers[0].image == var.images["cpu"]
    error_message = "the CPU service does not run the CPU image"
  }
}

run "second_model" {
  command = plan
  variables {
    models = {
      blood-cells   = { routes = ["smears"], project = "haematology", max_instances = 8 }
      cxr-pneumonia = { routes = ["cxr"] }
      steel-pitting = { service = "steel", image = "cpu" }
    }
  }

  assert {
    condition     = keys(google_cloud_run_v2_service.inference) == ["dropsight-inference", "dropsight-steel"]
    error_message = "a service is missing"
  }
  assert {
    condition     = google_cloud_run_v2_service.inference["dropsight-inference"].template[0].scaling[0].max_instance_count == 8 && google_cloud_run_v2_service.inference["dropsight-steel"].template[0].containers[0].image == var.images["cpu"]
    error_message = "a service has the wrong size or image"
  }
  assert {
    condition     = [for name, one in google_pubsub_subscription.predict : "${name} ${one.push_config[0].oidc_token[0].audience}"] == ["blood-cells https://dropsight-inference-123456789012.us-central1.run.app", "cxr-pneumonia https://dropsight-inference-123456789012.us-central1.run.app", "steel-pitting https://dropsight-steel-123456789012.us-central1.run.app"]
    error_message = "a model's messages go to the wrong service"
  }
  assert {
    condition     = jsondecode(google_cloudfunctions2_function.ingest.service_config[0].environment_variables["DROPSIGHT_ROUTES"]) == { cxr = "cxr-pneumonia", smears = "blood-cells" }
    error_message = "ingest is told other routes"
  }
  assert {
    condition     = jsondecode(google_cloudfunctions2_function.ingest.service_config[0].environment_variables["DROPSIGHT_PROJECTS"]).smears == "haematology" && jsondecode(google_cloudfunctions2_function.ingest.service_config[0].environment_variables["DROPSIGHT_PROJECTS"])["blood-cells"] == "haematology"
    error_message = "results would be shown to another project"
  }
  assert {
    condition     = google_cloudfunctions2_function.ingest.service_config[0].environment_variables["DROPSIGHT_SERVE"] == "blood-cells,cxr-pneumonia,steel-pitting"
    error_message = "ingest routes to other models than are served"
  }
}

run "everything_on" {
  command = plan
  variables {
    alert_emails         = ["on-call@example.org"]
    app_check            = "UNENFORCED"
    billing_account      = "012345-6789AB-CDEF01"
    binary_authorization = true
    encryption           = {}
    ingress              = "internal"
    repository           = "projects/acme-imaging/locations/us-central1/connections/code/repositories/dropsight"
    retention_days       = { landing = 30, results = 365 }
    uploaders            = ["group:imaging@example.org"]
    webhooks             = { ehr = "https://ehr.example.org/dropsight" }
  }

  assert {
    condition     = google_kms_crypto_key.data[0].rotation_period == "7776000s" && alltrue([for one in [google_storage_bucket.landing, google_storage_bucket.work, google_storage_bucket.results, google_storage_bucket.web, google_storage_bucket.sources, google_storage_bucket.builds] : length(one.encryption) == 1]) && alltrue([for one in google_pubsub_topic.this : one.kms_key_name != null])
    error_message = "something is not encrypted with our key, or the key stays the same"
  }
  assert {
    condition     = alltrue([for one in google_cloud_run_v2_service.inference : one.ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && one.binary_authorization[0].use_default]) && google_cloudfunctions2_function.ingest.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" && google_cloudfunctions2_function.api.service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "ingress or Binary Authorization is not what was asked for"
  }
  assert {
    condition     = google_cloudbuild_trigger.pull_request[0].service_account == google_service_account.plan.id && google_cloudbuild_trigger.main[0].service_account == google_service_account.build.id
    error_message = "a pull request is built with the rights of main"
  }
  assert {
    condition     = google_firebase_app_check_service_config.firestore[0].enforcement_mode == "UNENFORCED" && length(google_billing_budget.monthly) == 1
    error_message = "App Check or the budget is missing"
  }
}

run "images_are_named_by_digest" {
  command = plan
  variables {
    images = { gpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-gpu:latest" }
  }
  expect_failures = [var.images]
}

run "models_share_a_service_only_with_one_image" {
  command = plan
  variables {
    models = { blood-cells = { image = "cpu" }, cxr-pneumonia = {} }
  }
  expect_failures = [google_cloud_run_v2_service.inference]
}

run "values_that_are_refused" {
  command = plan
  variables {
    ingress               = "none"
    max_delivery_attempts = 4
    models                = { cxr-pneumonia = { routes = ["blood-cells"] }, blood-cells = {} }
    uploaders             = ["allUsers"]
    webhooks              = { ehr = "http://ehr.example.org" }
  }
  expect_failures = [var.ingress, var.max_delivery_attempts, var.models, var.uploaders, var.webhooks]
}
