mock_provider "google" {
  source = "./tests/mocks"
}
mock_provider "google-beta" {}
mock_provider "archive" {}

variables {
  project = "acme-imaging"
  images = {
    gpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-gpu@sha256:1111111111111111111111111111111111111111111111111111111111111111"
    cpu = "us-central1-docker.pkg.dev/acme-imaging/dropsight/inference-cpu@sha256:2222222222222222222222222222222222222222222222222222222222222222"
  }
}

run "x" {
  command = plan
  assert {
    condition     = google_pubsub_subscription.finalized.push_config[0].oidc_token[0].audience == "https://dropsight-ingest-function.run.app"
    error_message = "audience ${google_pubsub_subscription.finalized.push_config[0].oidc_token[0].audience}"
  }
}
