# The page, and how people sign in to it. It is served by Firebase Hosting, to which publish-page.sh
# copies what is in the web bucket: terraform has no resource for the files of a site.

locals {
  page_host = "${var.project}-${var.prefix}.web.app"
  page_origins = concat(
    ["https://${local.page_host}", "https://${var.project}-${var.prefix}.firebaseapp.com"],
    var.page_origins,
  )

  page_config = {
    source = "firestore"
    firebase = {
      apiKey     = data.google_firebase_web_app_config.page.api_key
      appId      = google_firebase_web_app.page.app_id
      authDomain = "${var.project}.firebaseapp.com"
      projectId  = var.project
    }
    database = local.database
    api      = google_cloudfunctions2_function.api.service_config[0].uri
    signIn   = var.sign_in
  }
}

resource "google_firebase_project" "this" {
  provider = google-beta
  project  = var.project

  depends_on = [google_project_service.required]
}

resource "google_firebase_web_app" "page" {
  provider     = google-beta
  project      = google_firebase_project.this.project
  display_name = var.prefix
}

data "google_firebase_web_app_config" "page" {
  provider   = google-beta
  project    = google_firebase_project.this.project
  web_app_id = google_firebase_web_app.page.app_id
}

resource "google_firebase_hosting_site" "page" {
  provider = google-beta
  project  = google_firebase_project.this.project
  site_id  = "${var.project}-${var.prefix}"
  app_id   = google_firebase_web_app.page.app_id
}

# Nobody makes an account for themselves: docs/deploy.md says how users are made.
resource "google_identity_platform_config" "users" {
  authorized_domains = concat(
    [local.page_host, "${var.project}-${var.prefix}.firebaseapp.com", "${var.project}.firebaseapp.com"],
    [for origin in var.page_origins : trimprefix(origin, "https://")],
  )

  client {
    permissions {
      disabled_user_deletion = true
      disabled_user_signup   = true
    }
  }

  sign_in {
    allow_duplicate_emails = false
    email {
      enabled           = contains(var.sign_in, "password")
      password_required = true
    }
  }

  depends_on = [google_firebase_project.this]
}

# App Check tells pages of ours from others' programs. UNENFORCED shows how many requests would fail.
resource "google_recaptcha_enterprise_key" "page" {
  count = var.app_check == "OFF" ? 0 : 1

  display_name = var.prefix
  web_settings {
    integration_type  = "SCORE"
    allow_all_domains = false
    allowed_domains   = [for origin in local.page_origins : trimprefix(origin, "https://")]
  }

  depends_on = [google_project_service.required]
}

resource "google_firebase_app_check_recaptcha_enterprise_config" "page" {
  count    = var.app_check == "OFF" ? 0 : 1
  provider = google-beta

  project   = var.project
  app_id    = google_firebase_web_app.page.app_id
  site_key  = google_recaptcha_enterprise_key.page[0].name
  token_ttl = "3600s"
}

resource "google_firebase_app_check_service_config" "firestore" {
  count    = var.app_check == "OFF" ? 0 : 1
  provider = google-beta

  project          = var.project
  service_id       = "firestore.googleapis.com"
  enforcement_mode = var.app_check

  depends_on = [google_firebase_app_check_recaptcha_enterprise_config.page]
}
