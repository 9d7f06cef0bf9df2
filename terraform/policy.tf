# Binary Authorization: only what Cloud Build of this project has built is started. The policy is the
# project's, so that it holds for every other service of Cloud Run that asks for it, too.

resource "google_binary_authorization_policy" "project" {
  count = var.binary_authorization ? 1 : 0

  global_policy_evaluation_mode = "ENABLE" # Google's own images are let through

  default_admission_rule {
    evaluation_mode         = "REQUIRE_ATTESTATION"
    enforcement_mode        = "ENFORCED_BLOCK_AND_AUDIT_LOG"
    require_attestations_by = ["projects/${var.project}/attestors/built-by-cloud-build"]
  }

  depends_on = [google_project_service.required]
}
