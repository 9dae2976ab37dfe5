# Alarms on throttled calls and on deletions. They count CloudTrail's log events: Secrets Manager has no such metrics.

locals {
  alarms = var.alarms == null ? {} : {
    throttled-calls = {
      threshold   = var.alarms.throttled_calls
      description = "Secrets Manager throttles calls. Its quotas are shared by all callers of the account in this region."
      # Not limited to the prefix: the event of a throttled call does not always name the secret.
      pattern = "{ ($.eventSource = \"secretsmanager.amazonaws.com\") && ($.errorCode = \"ThrottlingException\") }"
    }
    deletions = {
      threshold   = var.alarms.deletions
      description = "Many tokens under ${var.prefix} are being deleted."
      pattern     = "{ ($.eventSource = \"secretsmanager.amazonaws.com\") && ($.eventName = \"DeleteSecret\") && ($.errorCode NOT EXISTS) && (($.requestParameters.secretId = \"${var.prefix}*\") || ($.requestParameters.secretId = \"*:secret:${var.prefix}*\")) }"
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "alarm" {
  for_each       = local.alarms
  name           = "${var.name}-${each.key}"
  log_group_name = var.alarms.cloudtrail_log_group
  pattern        = each.value.pattern

  metric_transformation {
    namespace     = "zoho-token-store"
    name          = "${var.name}-${each.key}"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = aws_cloudwatch_log_metric_filter.alarm[each.key].metric_transformation[0].namespace
  metric_name         = aws_cloudwatch_log_metric_filter.alarm[each.key].metric_transformation[0].name
  statistic           = "Sum"
  period              = var.alarms.period_seconds
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarms.actions
  tags                = var.tags
}
