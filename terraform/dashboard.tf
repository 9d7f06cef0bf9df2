locals {
  # Each chart: its title, and a metric with how it is summed up.
  charts = {
    "1 Uploads (a second)"             = { metric = "pubsub.googleapis.com/topic/send_message_operation_count", resource = "pubsub_topic", where = "resource.labels.topic_id=\"${local.topic_finalized}\"", align = "ALIGN_RATE", reduce = "REDUCE_SUM", by = "resource.labels.topic_id" }
    "2 Steps done"                     = { metric = "logging.googleapis.com/user/${google_logging_metric.outcome["done"].name}", resource = "cloud_run_revision", where = null, align = "ALIGN_DELTA", reduce = "REDUCE_SUM", by = "resource.labels.service_name" }
    "3 Steps failed"                   = { metric = "logging.googleapis.com/user/${google_logging_metric.outcome["failed"].name}", resource = "cloud_run_revision", where = null, align = "ALIGN_DELTA", reduce = "REDUCE_SUM", by = "resource.labels.service_name" }
    "4 Oldest message waiting (s)"     = { metric = "pubsub.googleapis.com/subscription/oldest_unacked_message_age", resource = "pubsub_subscription", where = "resource.labels.subscription_id=monitoring.regex.full_match(\"dropsight-.*\")", align = "ALIGN_MAX", reduce = "REDUCE_MAX", by = "resource.labels.subscription_id" }
    "5 Messages waiting"               = { metric = "pubsub.googleapis.com/subscription/num_undelivered_messages", resource = "pubsub_subscription", where = "resource.labels.subscription_id=monitoring.regex.full_match(\"dropsight-.*\")", align = "ALIGN_MAX", reduce = "REDUCE_SUM", by = "resource.labels.subscription_id" }
    "6 Dead letters"                   = { metric = "pubsub.googleapis.com/subscription/dead_letter_message_count", resource = "pubsub_subscription", where = null, align = "ALIGN_DELTA", reduce = "REDUCE_SUM", by = "resource.labels.subscription_id" }
    "7 Ingest, p95 (s)"                = { metric = "logging.googleapis.com/user/${google_logging_metric.stage_seconds["ingest"].name}", resource = "cloud_run_revision", where = null, align = "ALIGN_DELTA", reduce = "REDUCE_PERCENTILE_95", by = "resource.labels.service_name" }
    "8 Predict, p95 (s)"               = { metric = "logging.googleapis.com/user/${google_logging_metric.stage_seconds["predict"].name}", resource = "cloud_run_revision", where = null, align = "ALIGN_DELTA", reduce = "REDUCE_PERCENTILE_95", by = "resource.labels.service_name" }
    "9 Explain, p95 (s)"               = { metric = "logging.googleapis.com/user/${google_logging_metric.stage_seconds["explain"].name}", resource = "cloud_run_revision", where = null, align = "ALIGN_DELTA", reduce = "REDUCE_PERCENTILE_95", by = "resource.labels.service_name" }
    "A Instances"                      = { metric = "run.googleapis.com/container/instance_count", resource = "cloud_run_revision", where = "resource.labels.service_name=monitoring.regex.full_match(\"${var.prefix}-.*\")", align = "ALIGN_MAX", reduce = "REDUCE_SUM", by = "resource.labels.service_name" }
    "B Start of an instance, p95 (ms)" = { metric = "run.googleapis.com/container/startup_latencies", resource = "cloud_run_revision", where = "resource.labels.service_name=monitoring.regex.full_match(\"${var.prefix}-.*\")", align = "ALIGN_DELTA", reduce = "REDUCE_PERCENTILE_95", by = "resource.labels.service_name" }
    "C Instances that are billed"      = { metric = "run.googleapis.com/container/billable_instance_time", resource = "cloud_run_revision", where = "resource.labels.service_name=monitoring.regex.full_match(\"${var.prefix}-.*\")", align = "ALIGN_RATE", reduce = "REDUCE_SUM", by = "resource.labels.service_name" }
  }
}

resource "google_monitoring_dashboard" "overview" {
  dashboard_json = jsonencode({
    displayName = var.prefix
    gridLayout = {
      columns = "3"
      widgets = [
        for title, chart in local.charts : {
          title = title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = join(" AND ", compact([
                    "metric.type=\"${chart.metric}\"", "resource.type=\"${chart.resource}\"", chart.where,
                  ]))
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart.align
                    crossSeriesReducer = chart.reduce
                    groupByFields      = [chart.by]
                  }
                }
              }
            }]
          }
        }
      ]
    }
  })

  depends_on = [google_project_service.required]
}
