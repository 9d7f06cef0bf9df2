# Cloud Build: tests, images and deployments. cloudbuild.yaml says what it does.

locals {
  substitutions = {
    _BUILDS_BUCKET = google_storage_bucket.builds.name
    _KINDS         = join(" ", keys(var.images))
    _PREFIX        = var.prefix
    _PROJECTS      = local.routing.DROPSIGHT_PROJECTS
    _REGION        = var.region
    _REPOSITORY    = local.repository_address
    _ROUTES        = local.routing.DROPSIGHT_ROUTES
    _SERVICES      = join(" ", keys(local.services))
    _STATE_BUCKET  = local.state_bucket
  }
  repository_address = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
  state_bucket       = "${var.project}-${var.prefix}-terraform"

  # What it takes to apply all of this folder: it makes accounts and grants, so it could give itself
  # more. Who may change main may do that; hence reviews, and no triggers for forks.
  build_roles = toset(var.repository == null ? [] : concat([
    "roles/artifactregistry.admin",
    "roles/cloudbuild.builds.editor",
    "roles/cloudfunctions.admin",
    "roles/datastore.owner",
    "roles/firebase.admin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/identityplatform.admin",
    "roles/logging.admin",
    "roles/monitoring.admin",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
    ],
    var.app_check == "OFF" ? [] : ["roles/recaptchaenterprise.admin"],
    var.binary_authorization ? ["roles/binaryauthorization.policyAdmin"] : [],
    var.encryption == null ? [] : ["roles/cloudkms.admin"],
  ))
}

resource "google_service_account" "build" {
  account_id   = "${var.prefix}-build"
  display_name = "Cloud Build: tests, images, deployments"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

resource "google_project_iam_member" "build" {
  for_each = local.build_roles

  project = var.project
  role    = each.key
  member  = google_service_account.build.member
}

# Deploys a canary, asks it, and reads how it does.
resource "google_cloud_run_v2_service_iam_member" "inference_build" {
  for_each = { for one in setproduct(keys(local.services), ["roles/run.developer", "roles/run.invoker"]) : "${one[0]} ${one[1]}" => one }

  name     = google_cloud_run_v2_service.inference[each.value[0]].name
  location = var.region
  role     = each.value[1]
  member   = google_service_account.build.member
}

resource "google_service_account_iam_member" "inference_build" {
  service_account_id = google_service_account.inference.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.build.member
}

resource "google_project_iam_member" "build_log_viewer" {
  project = var.project
  role    = "roles/logging.viewer"
  member  = google_service_account.build.member
}

# Builds of pull requests run what the pull request says, so they may read next to nothing: the state,
# and what the data sources of this folder ask for. They plan with -refresh=false.
resource "google_service_account" "plan" {
  account_id   = "${var.prefix}-plan"
  display_name = "Cloud Build: tests and plans of pull requests"

  depends_on = [google_project_service.required]
}

resource "google_project_iam_member" "plan_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.plan.member
}

resource "google_project_iam_custom_role" "plan" {
  role_id     = "${replace(var.prefix, "-", "_")}_plan"
  title       = "dropsight: plan without refresh"
  description = "What the data sources of terraform/ read"
  permissions = [
    "firebase.clients.get",
    "firebase.projects.get",
    "resourcemanager.projects.get",
    "serviceusage.services.use",
  ]
}

resource "google_project_iam_member" "plan" {
  project = var.project
  role    = google_project_iam_custom_role.plan.id
  member  = google_service_account.plan.member
}

resource "google_storage_bucket_iam_member" "state_plan" {
  bucket = local.state_bucket
  role   = "roles/storage.objectViewer"
  member = google_service_account.plan.member
}

resource "google_cloudbuild_trigger" "main" {
  count = var.repository == null ? 0 : 1

  name            = "${var.prefix}-main"
  description     = "Test, build, apply, canary"
  location        = var.region
  filename        = "cloudbuild.yaml"
  service_account = google_service_account.build.id
  substitutions   = local.substitutions

  repository_event_config {
    repository = var.repository
    push {
      branch = "^main$"
    }
  }
}

resource "google_cloudbuild_trigger" "pull_request" {
  count = var.repository == null ? 0 : 1

  name            = "${var.prefix}-pull-request"
  description     = "Test, build, plan"
  location        = var.region
  filename        = "cloudbuild/pull-request.yaml"
  service_account = google_service_account.plan.id
  substitutions   = local.substitutions

  repository_event_config {
    repository = var.repository
    pull_request {
      branch          = "^main$"
      comment_control = "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"
    }
  }
}
