# Explanations in a service that scales alone, unless one says otherwise.

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
    models = { cxr-pneumonia = { min_instances = 1 } }
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
