# What the four functions have in common. Each has a file of its own: function_<name>.tf.

locals {
  function_names = toset(["api", "dead_letter", "ingest", "notify"])

  # functions/archive.json says what belongs to an archive beside main.py.
  archive = jsondecode(file("${local.root}/functions/archive.json"))
  shared_files = merge([
    for part in local.archive.parts : {
      for name in setunion([for pattern in part.include : fileset("${local.root}/${part.from}", pattern)]...) :
      "${part.to}/${name}" => "${local.root}/${part.from}/${name}"
      if !anytrue([for folder in part.exclude : startswith(name, folder)])
    }
  ]...)

  function_runtime = "python311" # what requirements/functions.txt is pinned and tested with
  function_ingress = var.ingress == "internal" ? "ALLOW_INTERNAL_ONLY" : "ALLOW_ALL"
}

data "archive_file" "function" {
  for_each = local.function_names

  type        = "zip"
  output_path = "${path.module}/.build/${each.key}.zip"

  dynamic "source" {
    for_each = merge(local.shared_files, {
      "main.py"          = "${local.root}/functions/${each.key}/main.py"
      "requirements.txt" = "${local.root}/${local.archive.requirements}"
    })
    content {
      filename = source.key
      content  = file(source.value)
    }
  }
}

# The name follows from the content, so that a change is a new object and the function is built again.
resource "google_storage_bucket_object" "function" {
  for_each = local.function_names

  bucket = google_storage_bucket.sources.name
  name   = "${each.key}/${data.archive_file.function[each.key].output_sha256}.zip"
  source = data.archive_file.function[each.key].output_path
}

resource "google_service_account" "function_build" {
  account_id   = "${var.prefix}-function-build"
  display_name = "Builds the functions"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "function_build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.function_build.member
}

# Cloud Functions copies each archive to a bucket of its own, and builds from there.
resource "google_project_iam_member" "function_build_sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.function_build.member

  condition {
    title      = "copies of function sources only"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${local.number}-${var.region}\")"
  }
}
