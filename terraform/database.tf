# Results, dead letters, feedback and models, as documents.

locals {
  database = google_firestore_database.results.name
  indexes  = jsondecode(file("${local.root}/firestore/firestore.indexes.json"))

  composite_indexes = {
    for one in local.indexes.indexes :
    "${one.collectionGroup}: ${join(", ", [for field in one.fields : "${field.fieldPath} ${try(field.order, field.arrayConfig)}"])}" => one
  }
  single_fields = { for one in local.indexes.fieldOverrides : "${one.collectionGroup}.${one.fieldPath}" => one }
}

resource "google_firestore_database" "results" {
  name                              = "(default)" # dropsight knows no other name
  location_id                       = coalesce(var.firestore_location, var.region)
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "OPTIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = "DELETE"

  dynamic "cmek_config" {
    for_each = local.key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.user, google_project_service.required]
}

resource "google_firestore_index" "composite" {
  for_each = local.composite_indexes

  database    = local.database
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path   = fields.value.fieldPath
      order        = try(fields.value.order, null)
      array_config = try(fields.value.arrayConfig, null)
    }
  }
}

# Large fields that nobody asks for are left out of the automatic indexes.
resource "google_firestore_field" "single" {
  for_each = local.single_fields

  database   = local.database
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        order        = try(indexes.value.order, null)
        array_config = try(indexes.value.arrayConfig, null)
        query_scope  = try(indexes.value.queryScope, "COLLECTION")
      }
    }
  }

  dynamic "ttl_config" {
    for_each = try(each.value.ttl, false) ? [true] : []
    content {}
  }
}

# Dead letters nobody looked at go by themselves when the time in this field has come. Results do not:
# their feedback, being documents below them, would stay behind.
resource "google_firestore_field" "dead_letter_expiry" {
  database   = local.database
  collection = "deadLetters"
  field      = "expiresAt"

  index_config {}
  ttl_config {}
}

resource "google_firebaserules_ruleset" "firestore" {
  source {
    files {
      name    = "firestore.rules"
      content = file("${local.root}/firestore/firestore.rules")
    }
  }

  # The one in force is replaced, then deleted.
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_firestore_database.results]
}

# Without a release everything would be closed; with the wrong one, open.
resource "google_firebaserules_release" "firestore" {
  name         = "cloud.firestore"
  ruleset_name = "projects/${var.project}/rulesets/${google_firebaserules_ruleset.firestore.name}"

  lifecycle {
    replace_triggered_by = [google_firebaserules_ruleset.firestore]
  }
}
