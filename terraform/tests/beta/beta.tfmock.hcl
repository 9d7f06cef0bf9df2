# What Google would answer to the resources that only google-beta has.

override_resource {
  target = google_project_service_identity.agent["pubsub.googleapis.com"]
  values = {
    email  = "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    member = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target          = google_firebase_web_app.page
  values          = { app_id = "1:123456789012:web:0011" }
  override_during = plan
}

mock_data "google_firebase_web_app_config" {
  defaults        = { api_key = "AIza-of-a-test" }
  override_during = plan
}
