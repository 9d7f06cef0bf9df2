output "api_address" {
  description = "Where clients find /v1/results."
  value       = google_cloudfunctions2_function.api.service_config[0].uri
}

output "bucket_landing" {
  description = "Where files are dropped, in a folder that is a route."
  value       = google_storage_bucket.landing.name
}

output "bucket_web" {
  description = "The built page, for publish-page.sh."
  value       = google_storage_bucket.web.name
}

output "inference_services" {
  description = "Services of Cloud Run that run models: what Cloud Build deploys to."
  value       = keys(local.services)
}

output "next_steps" {
  description = "What to do now."
  value       = <<-EOT
    1. Publish the page:       terraform/publish-page.sh
    2. Publish the models:     eval "$(terraform -chdir=terraform output -raw publish_environment)"; dropsight models publish
    3. Make the first user:    docs/deploy.md, "The first user"
    4. Drop a file:            gcloud storage cp scan.dcm gs://${google_storage_bucket.landing.name}/${try(sort(flatten([for model in var.models : model.routes]))[0], sort(keys(var.models))[0])}/
    5. See it:                 https://${local.page_host}
    6. Watch over it:          https://console.cloud.google.com/monitoring/dashboards?project=${var.project}
  EOT
}

output "page_address" {
  description = "Where people look."
  value       = "https://${local.page_host}"
}

output "page_config" {
  description = "config.json of the page. Not secret: every browser that opens the page reads it."
  value       = local.page_config
}

output "publish_environment" {
  description = "What `dropsight models publish` has to know, as lines for a shell."
  value = join("\n", [
    for name, value in merge(local.routing, { DROPSIGHT_BACKEND = "gcp", DROPSIGHT_PROJECT = var.project }) :
    "export ${name}='${value}'"
  ])
}

output "recaptcha_site_key" {
  description = "What the page needs for App Check; null where it is off."
  value       = one(google_recaptcha_enterprise_key.page[*].name)
}

output "repository_address" {
  description = "Where images are pushed to."
  value       = local.repository_address
}
