# All options at once.

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
