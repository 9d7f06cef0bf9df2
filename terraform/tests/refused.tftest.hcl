# Values that are refused, with a sentence.

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
