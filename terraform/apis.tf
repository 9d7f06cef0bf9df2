locals {
  services_enabled = toset(concat([
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "firebase.googleapis.com",
    "firebasehosting.googleapis.com",
    "firebaserules.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "identitytoolkit.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    ],
    var.app_check == "OFF" ? [] : ["firebaseappcheck.googleapis.com", "recaptchaenterprise.googleapis.com"],
    var.binary_authorization ? ["binaryauthorization.googleapis.com"] : [],
    var.encryption == null ? [] : ["cloudkms.googleapis.com"],
  ))

  # Services whose agents (accounts of Google's that act in this project) are given rights here.
  agents = toset(concat(
    ["pubsub.googleapis.com"],
    var.encryption == null ? [] : [
      "artifactregistry.googleapis.com",
      "firestore.googleapis.com",
      "run.googleapis.com",
      "secretmanager.googleapis.com",
    ],
  ))
}

resource "google_project_service" "required" {
  for_each = local.services_enabled

  project            = var.project
  service            = each.key
  disable_on_destroy = false # other things in the project may use it
}

resource "google_project_service_identity" "agent" {
  for_each = local.agents
  provider = google-beta

  project = var.project
  service = each.key

  depends_on = [google_project_service.required]
}

# Cloud Storage's agent has its own way of coming into being. Read while planning: bootstrap.sh has
# enabled the service by then.
data "google_storage_project_service_account" "this" {
  project = var.project
}
