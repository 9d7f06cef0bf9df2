# Other models, and other hardware for them.

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
