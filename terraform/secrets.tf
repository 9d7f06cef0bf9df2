# Secrets, without their values: bootstrap.sh makes these, so that they are in no state file.

resource "google_secret_manager_secret" "pseudonym_key" {
  secret_id           = "${var.prefix}-pseudonym-key"
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region
        dynamic "customer_managed_encryption" {
          for_each = local.key[*]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.user, google_project_service.required]
}

resource "google_secret_manager_secret_iam_member" "pseudonym_key_ingest" {
  secret_id = google_secret_manager_secret.pseudonym_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.ingest.member
}

# It de-identifies what is sent to it directly.
resource "google_secret_manager_secret_iam_member" "pseudonym_key_inference" {
  secret_id = google_secret_manager_secret.pseudonym_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.inference.member
}

resource "google_secret_manager_secret" "webhook_key" {
  secret_id           = "${var.prefix}-webhook-key"
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region
        dynamic "customer_managed_encryption" {
          for_each = local.key[*]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.user, google_project_service.required]
}

resource "google_secret_manager_secret_iam_member" "webhook_key_notify" {
  secret_id = google_secret_manager_secret.webhook_key.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.notify.member
}
