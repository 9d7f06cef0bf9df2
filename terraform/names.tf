# Names that more than one file uses.

locals {
  labels = { application = var.prefix }
  number = data.google_project.this.number
  root   = "${path.module}/.."

  # Constants of shared/dropsight/domain/events.py, and so not prefixed.
  topic_dead_letter = "dropsight-dead-letter"
  topic_explain     = "dropsight-explain"
  topic_finalized   = "dropsight-finalized"
  topic_predict     = "dropsight-predict"
  topic_results     = "dropsight-results"

  # What every component is told, by the names in shared/dropsight/settings.py.
  environment = {
    DROPSIGHT_BACKEND         = "gcp"
    DROPSIGHT_LANDING_BUCKET  = google_storage_bucket.landing.name
    DROPSIGHT_PROJECT         = var.project
    DROPSIGHT_PUBLISH_CHANGES = tostring(length(var.webhooks) > 0)
    DROPSIGHT_RESULTS_BUCKET  = google_storage_bucket.results.name
    DROPSIGHT_WORK_BUCKET     = google_storage_bucket.work.name
  }

  # And what those are told who find the model of an upload.
  routing = {
    DROPSIGHT_ROUTES = jsonencode(merge([
      for name, model in var.models : { for route in model.routes : route => name }
    ]...))
    DROPSIGHT_PROJECTS = jsonencode(merge([
      for name, model in var.models : { for route in concat([name], model.routes) : route => model.project }
    ]...))
    DROPSIGHT_SERVE = join(",", sort(keys(var.models)))
  }

  # The one Firestore database, as IAM conditions name it: Firestore has no IAM of its own.
  database_only = "resource.name == \"projects/${var.project}/databases/${google_firestore_database.results.name}\""
}
