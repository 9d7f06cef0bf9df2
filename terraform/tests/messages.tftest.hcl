# Where messages go, with which token, and what becomes of those that are refused.

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

run "messages" {
  command = plan
  variables {
    webhooks = { ehr = "https://ehr.example.org/dropsight" }
  }

  # Where messages go, and with which token.
  assert {
    condition = alltrue([for one in google_pubsub_subscription.predict :
    one.push_config[0].push_endpoint == "https://dropsight-inference-123456789012.us-central1.run.app/pubsub/predict"])
    error_message = "predict is not pushed to the inference service"
  }
  assert {
    condition = alltrue([for one in google_pubsub_subscription.explain :
    one.push_config[0].push_endpoint == "https://dropsight-inference-123456789012.us-central1.run.app/pubsub/explain"])
    error_message = "explain is not pushed to the inference service"
  }
  assert {
    condition = alltrue([for one in concat(values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain)) :
    startswith(one.push_config[0].push_endpoint, "${one.push_config[0].oidc_token[0].audience}/pubsub/")])
    error_message = "the audience of a push is not the address of the service that it goes to"
  }
  assert {
    condition = alltrue([for name, one in google_cloud_run_v2_service.inference :
      contains(one.custom_audiences, "https://${name}-123456789012.us-central1.run.app") &&
      contains([for each in one.template[0].containers[0].env : each.value if each.name == "DROPSIGHT_PUSH_AUDIENCE"],
    "https://${name}-123456789012.us-central1.run.app")])
    error_message = "the service does not ask for the audience that is pushed to it"
  }
  assert {
    condition     = startswith(google_pubsub_subscription.finalized.push_config[0].push_endpoint, "${google_pubsub_subscription.finalized.push_config[0].oidc_token[0].audience}/projects/") && google_pubsub_subscription.finalized.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.ingest.service_config[0].uri
    error_message = "the audience of uploads is not the address of the function ingest"
  }
  assert {
    condition     = google_pubsub_subscription.dead_letter.push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.dead_letter.service_config[0].uri
    error_message = "the audience of dead letters is not the address of the function dead_letter"
  }
  assert {
    condition     = google_pubsub_subscription.webhook["ehr"].push_config[0].oidc_token[0].audience == google_cloudfunctions2_function.notify.service_config[0].uri
    error_message = "the audience of changes is not the address of the function notify"
  }

  # What becomes of a message that is refused.
  assert {
    condition     = alltrue([for one in concat([google_pubsub_subscription.finalized], values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain), values(google_pubsub_subscription.webhook)) : try(one.dead_letter_policy[0].dead_letter_topic == "projects/acme-imaging/topics/dropsight-dead-letter" && one.dead_letter_policy[0].max_delivery_attempts >= 5 && one.dead_letter_policy[0].max_delivery_attempts <= 20, false)])
    error_message = "a subscription has no dead letters, or forwards after fewer than 5 or more than 20 attempts"
  }
  assert {
    condition     = toset([for one in google_pubsub_subscription_iam_member.forwarder : one.subscription if one.role == "roles/pubsub.subscriber" && one.member == google_project_service_identity.agent["pubsub.googleapis.com"].member]) == toset([for one in concat([google_pubsub_subscription.finalized], values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain), values(google_pubsub_subscription.webhook)) : one.id])
    error_message = "Pub/Sub may not acknowledge on each subscription whose messages it forwards"
  }
  assert {
    condition     = google_pubsub_topic_iam_member.forwarder.role == "roles/pubsub.publisher" && google_pubsub_topic_iam_member.forwarder.topic == "dropsight-dead-letter" && google_pubsub_topic_iam_member.forwarder.member == google_project_service_identity.agent["pubsub.googleapis.com"].member
    error_message = "Pub/Sub may not publish dead letters"
  }
  assert {
    condition     = google_pubsub_subscription.dead_letter.topic == "projects/acme-imaging/topics/dropsight-dead-letter" && google_pubsub_subscription.dead_letter_kept.topic == "projects/acme-imaging/topics/dropsight-dead-letter"
    error_message = "nobody subscribes to dead letters, so they would be lost"
  }
  assert {
    condition     = alltrue([for one in concat(concat([google_pubsub_subscription.finalized], values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain), values(google_pubsub_subscription.webhook)), [google_pubsub_subscription.dead_letter, google_pubsub_subscription.dead_letter_kept]) : one.expiration_policy[0].ttl == ""])
    error_message = "a subscription expires after a month without messages"
  }
  assert {
    condition     = alltrue([for one in concat([google_pubsub_subscription.finalized, google_pubsub_subscription.dead_letter], values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain)) : one.ack_deadline_seconds == 600])
    error_message = "an ack deadline is shorter than an explanation may take"
  }
  assert {
    condition     = alltrue([for one in concat(concat([google_pubsub_subscription.finalized], values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain), values(google_pubsub_subscription.webhook)), [google_pubsub_subscription.dead_letter]) : one.retry_policy[0].minimum_backoff == "10s" && one.retry_policy[0].maximum_backoff == "600s"])
    error_message = "a subscription delivers again without a pause"
  }
  assert {
    condition     = alltrue([for one in concat(concat([google_pubsub_subscription.finalized], values(google_pubsub_subscription.predict), values(google_pubsub_subscription.explain), values(google_pubsub_subscription.webhook)), [google_pubsub_subscription.dead_letter]) : one.push_config[0].oidc_token[0].service_account_email == google_service_account.push.email])
    error_message = "a push is not made by the account dropsight-push"
  }
  assert {
    condition     = google_service_account_iam_member.push_pubsub.role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.push_pubsub.member == google_project_service_identity.agent["pubsub.googleapis.com"].member
    error_message = "Pub/Sub may not sign tokens of dropsight-push"
  }

  # The trigger.
  assert {
    condition     = google_storage_notification.landing.topic == "projects/acme-imaging/topics/dropsight-finalized" && google_storage_notification.landing.payload_format == "JSON_API_V1" && google_storage_notification.landing.event_types == toset(["OBJECT_FINALIZE"])
    error_message = "uploads are not told of on dropsight-finalized"
  }
  assert {
    condition     = google_pubsub_topic_iam_member.storage.topic == "dropsight-finalized" && google_pubsub_topic_iam_member.storage.member == data.google_storage_project_service_account.this.member && google_pubsub_topic_iam_member.storage.role == "roles/pubsub.publisher"
    error_message = "Cloud Storage may not tell of uploads"
  }
  assert {
    condition     = google_pubsub_subscription.predict["cxr-pneumonia"].filter == "attributes.model = \"cxr-pneumonia\"" && google_pubsub_subscription.explain["cxr-pneumonia"].filter == "attributes.model = \"cxr-pneumonia\""
    error_message = "a subscription takes the messages of other models"
  }
}
