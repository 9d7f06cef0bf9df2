# What Google would answer, for `terraform test`. Values that a test compares are told apart.

mock_data "google_project" {
  defaults = {
    number = "123456789012"
  }
  override_during = plan
}

mock_data "google_storage_project_service_account" {
  defaults = {
    member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.api
  values = {
    email  = "dropsight-api@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-api@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-api@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-api@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.build
  values = {
    email  = "dropsight-build@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-build@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-build@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-build@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.dead_letter
  values = {
    email  = "dropsight-dead-letter@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-dead-letter@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-dead-letter@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-dead-letter@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.function_build
  values = {
    email  = "dropsight-function-build@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-function-build@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-function-build@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-function-build@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.inference
  values = {
    email  = "dropsight-inference@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-inference@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-inference@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-inference@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.ingest
  values = {
    email  = "dropsight-ingest@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-ingest@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-ingest@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-ingest@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.notify
  values = {
    email  = "dropsight-notify@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-notify@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-notify@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-notify@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.plan
  values = {
    email  = "dropsight-plan@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-plan@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-plan@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-plan@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_service_account.push
  values = {
    email  = "dropsight-push@acme-imaging.iam.gserviceaccount.com"
    id     = "projects/acme-imaging/serviceAccounts/dropsight-push@acme-imaging.iam.gserviceaccount.com"
    member = "serviceAccount:dropsight-push@acme-imaging.iam.gserviceaccount.com"
    name   = "projects/acme-imaging/serviceAccounts/dropsight-push@acme-imaging.iam.gserviceaccount.com"
  }
  override_during = plan
}

override_resource {
  target = google_cloudfunctions2_function.api
  values = {
    service_config = { uri = "https://dropsight-api-function.run.app" }
  }
  override_during = plan
}

override_resource {
  target = google_cloudfunctions2_function.dead_letter
  values = {
    service_config = { uri = "https://dropsight-dead-letter-function.run.app" }
  }
  override_during = plan
}

override_resource {
  target = google_cloudfunctions2_function.ingest
  values = {
    service_config = { uri = "https://dropsight-ingest-function.run.app" }
  }
  override_during = plan
}

override_resource {
  target = google_cloudfunctions2_function.notify
  values = {
    service_config = { uri = "https://dropsight-notify-function.run.app" }
  }
  override_during = plan
}

override_resource {
  target          = google_pubsub_topic.this["dropsight-dead-letter"]
  values          = { id = "projects/acme-imaging/topics/dropsight-dead-letter" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_topic.this["dropsight-explain"]
  values          = { id = "projects/acme-imaging/topics/dropsight-explain" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_topic.this["dropsight-finalized"]
  values          = { id = "projects/acme-imaging/topics/dropsight-finalized" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_topic.this["dropsight-predict"]
  values          = { id = "projects/acme-imaging/topics/dropsight-predict" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_topic.this["dropsight-results"]
  values          = { id = "projects/acme-imaging/topics/dropsight-results" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_subscription.finalized
  values          = { id = "projects/acme-imaging/subscriptions/dropsight-finalized-push" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_subscription.dead_letter
  values          = { id = "projects/acme-imaging/subscriptions/dropsight-dead-letter-push" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_subscription.dead_letter_kept
  values          = { id = "projects/acme-imaging/subscriptions/dropsight-dead-letter-kept" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_subscription.predict["cxr-pneumonia"]
  values          = { id = "projects/acme-imaging/subscriptions/dropsight-predict-cxr-pneumonia-push" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_subscription.explain["cxr-pneumonia"]
  values          = { id = "projects/acme-imaging/subscriptions/dropsight-explain-cxr-pneumonia-push" }
  override_during = plan
}

override_resource {
  target          = google_pubsub_subscription.webhook["ehr"]
  values          = { id = "projects/acme-imaging/subscriptions/dropsight-results-ehr-push" }
  override_during = plan
}

override_resource {
  target          = google_project_iam_custom_role.plan
  values          = { id = "projects/acme-imaging/roles/dropsight_plan" }
  override_during = plan
}

override_resource {
  target          = google_kms_crypto_key.data
  values          = { id = "projects/acme-imaging/locations/us-central1/keyRings/dropsight/cryptoKeys/data" }
  override_during = plan
}

override_resource {
  target          = google_artifact_registry_repository.images
  values          = { id = "projects/acme-imaging/locations/us-central1/repositories/dropsight", name = "dropsight" }
  override_during = plan
}

override_resource {
  target          = google_secret_manager_secret.pseudonym_key
  values          = { id = "projects/acme-imaging/secrets/dropsight-pseudonym-key" }
  override_during = plan
}

override_resource {
  target          = google_secret_manager_secret.webhook_key
  values          = { id = "projects/acme-imaging/secrets/dropsight-webhook-key" }
  override_during = plan
}
