# What somebody is told of, and the figures that it takes. All of it is quiet while nothing runs.

locals {
  channels = [for one in google_monitoring_notification_channel.email : one.id]

  ours         = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${var.prefix}-\""
  requests_log = "${local.ours} AND log_id(\"run.googleapis.com/requests\") AND httpRequest.status<500"

  # Where each stage is found among the requests of Cloud Run.
  stages = {
    explain = { seconds = var.p95_seconds.explain, filter = "httpRequest.requestUrl:\"/pubsub/explain\"" }
    ingest  = { seconds = var.p95_seconds.ingest, filter = "resource.labels.service_name=\"${var.prefix}-ingest\"" }
    predict = { seconds = var.p95_seconds.predict, filter = "httpRequest.requestUrl:\"/pubsub/predict\"" }
  }

  # Steps say in their logs what became of a result (jsonPayload.message).
  outcomes = {
    failed = "jsonPayload.message=(\"failed\" OR \"refused\" OR \"not explained\") AND jsonPayload.result_id:*"
    done   = "jsonPayload.message=(\"predicted\" OR \"explained\") AND jsonPayload.result_id:*"
  }
}

locals {
  # Metrics from logs, by their names in PromQL. Only there can the check be left out whether a metric
  # exists: one that is made in the same apply is unknown to Cloud Monitoring for up to ten minutes.
  counted = {
    for key, metric in merge(google_logging_metric.outcome, google_logging_metric.stage_seconds) :
    key => "logging_googleapis_com:user_${replace(metric.name, "/[^a-z0-9]/", "_")}{monitored_resource=\"cloud_run_revision\"}"
  }
  our_series = "monitored_resource=\"cloud_run_revision\", service_name=~\"${var.prefix}-.*\""
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_emails)

  display_name = "${var.prefix}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.required]
}

resource "google_logging_metric" "outcome" {
  for_each = local.outcomes

  name        = "${var.prefix}/${each.key}"
  description = "Steps that ended so"
  filter      = "${local.ours} AND ${each.value}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [google_project_service.required]
}

resource "google_logging_metric" "stage_seconds" {
  for_each = local.stages

  name            = "${var.prefix}/${each.key}_seconds"
  description     = "How long requests of this stage took"
  filter          = "${local.requests_log} AND ${each.value.filter}"
  value_extractor = "REGEXP_EXTRACT(httpRequest.latency, \"^([0-9.]+)s$\")"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 40
      growth_factor      = 1.4
      scale              = 0.001
    }
  }

  depends_on = [google_project_service.required]
}

resource "google_monitoring_alert_policy" "dead_letters" {
  display_name          = "${var.prefix}: a message was refused too often"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = local.channels

  conditions {
    display_name = "Messages were forwarded to the dead-letter topic"
    condition_threshold {
      filter          = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/dead_letter_message_count\" AND resource.labels.subscription_id=monitoring.regex.full_match(\"dropsight-.*\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.labels.subscription_id"]
      }
    }
  }

  documentation {
    content = "`dropsight dlq list` shows what was refused and why, `dropsight dlq replay` tries again. docs/runbook.md."
  }
}

resource "google_monitoring_alert_policy" "failure_rate" {
  display_name          = "${var.prefix}: many results fail"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "More than 10 % of steps failed within 15 minutes"
    condition_prometheus_query_language {
      query                     = "sum(increase(${local.counted.failed}[15m])) / (sum(increase(${local.counted.failed}[15m])) + (sum(increase(${local.counted.done}[15m])) or vector(0))) > 0.1"
      duration                  = "300s"
      evaluation_interval       = "60s"
      disable_metric_validation = true # see local.counted
    }
  }

  documentation {
    content = "The results' own errors say what was found and what is legal. docs/runbook.md."
  }
}

resource "google_monitoring_alert_policy" "oldest_unacked" {
  display_name          = "${var.prefix}: files wait"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "A message has waited for 15 minutes"
    condition_threshold {
      filter          = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.labels.subscription_id=monitoring.regex.full_match(\"dropsight-.*-push\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 900
      duration        = "300s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_MAX"
        group_by_fields      = ["resource.labels.subscription_id"]
      }
    }
  }

  documentation {
    content = "Either instances do not start (quota of GPUs, image), or there are too few (max_instances of the models map). docs/runbook.md."
  }
}

resource "google_monitoring_alert_policy" "slow" {
  for_each = local.stages

  display_name          = "${var.prefix}: ${each.key} is slow"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "95 of 100 take more than ${each.value.seconds} s"
    condition_prometheus_query_language {
      query                     = "histogram_quantile(0.95, sum by (le) (rate(${replace(local.counted[each.key], "{", "_bucket{")}[10m]))) > ${each.value.seconds}"
      duration                  = "600s"
      evaluation_interval       = "60s"
      disable_metric_validation = true # see local.counted
    }
  }

  documentation {
    content = "The result's timeline has the milliseconds of each step. docs/runbook.md."
  }
}

resource "google_monitoring_alert_policy" "cold_starts" {
  display_name          = "${var.prefix}: instances start often, or slowly"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels

  conditions {
    display_name = "Within an hour a service started more than 60 instances, or half of them took more than 90 s"
    condition_prometheus_query_language {
      query               = <<-EOT
        sum by (service_name) (increase(run_googleapis_com:container_startup_latencies_count{${local.our_series}}[1h])) > 60
        or
        histogram_quantile(0.5, sum by (service_name, le) (increase(run_googleapis_com:container_startup_latencies_bucket{${local.our_series}}[1h]))) > 90000
      EOT
      duration            = "0s"
      evaluation_interval = "300s"
    }
  }

  documentation {
    content = "min_instances of the models map keeps an instance warm, at its price. docs/deploy.md, what it costs."
  }
}
