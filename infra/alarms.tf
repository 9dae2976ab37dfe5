# Alarms on throttled calls and on deletions, counted in what CloudTrail logs: Secrets Manager has no metrics of them.

locals {
  alarms = var.alarms == null ? {} : {
    throttled-calls = {
      threshold   = var.alarms.throttled_calls
      description = "Secrets Manager throttles calls. Its quotas are the account's in this region, whoever uses them up."
      # Not for the prefix alone: a throttled call need not say which secret it was about.
      pattern = "{ ($.eventSource = \"secretsmanager.amazonaws.com\") && ($.errorCode = \"ThrottlingException\") }"
    }
    deletions = {
      threshold   = var.alarms.deletions
      description = "Many tokens below ${var.prefix} are being deleted."
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
