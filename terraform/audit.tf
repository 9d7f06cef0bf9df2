# Who read and wrote what. Changes of the configuration are logged in any case.

resource "google_project_iam_audit_config" "data" {
  for_each = toset(!var.audit_data_access ? [] : [
    "datastore.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ])

  project = var.project
  service = each.key

  audit_log_config {
    log_type = "ADMIN_READ"
  }
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}
