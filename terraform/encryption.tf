# Keys of one's own, where var.encryption asks for them. A key ring can never be deleted, a key's
# versions only after a delay: `terraform destroy` leaves both behind, which costs nothing.

locals {
  key = one(google_kms_crypto_key.data[*].id)

  key_users = var.encryption == null ? {} : {
    artifactregistry = google_project_service_identity.agent["artifactregistry.googleapis.com"].member
    firestore        = google_project_service_identity.agent["firestore.googleapis.com"].member
    pubsub           = google_project_service_identity.agent["pubsub.googleapis.com"].member
    run              = google_project_service_identity.agent["run.googleapis.com"].member
    secretmanager    = google_project_service_identity.agent["secretmanager.googleapis.com"].member
    storage          = data.google_storage_project_service_account.this.member
  }
}

resource "google_kms_key_ring" "data" {
  count = var.encryption == null ? 0 : 1

  name     = var.prefix
  location = var.region

  depends_on = [google_project_service.required]
}

resource "google_kms_crypto_key" "data" {
  count = var.encryption == null ? 0 : 1

  # checkov:skip=CKV_GCP_43: 90 days is the default of var.encryption, which checkov does not work out

  name            = "data"
  key_ring        = google_kms_key_ring.data[0].id
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "${var.encryption.rotation_days * 86400}s"

  lifecycle {
    prevent_destroy = true # without the key all that it encrypts is lost
  }
}

resource "google_kms_crypto_key_iam_member" "user" {
  for_each = local.key_users

  crypto_key_id = google_kms_crypto_key.data[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
