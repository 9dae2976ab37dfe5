# The alarms and the VPC endpoint.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "alarms_and_endpoint" {
  command = plan
  variables {
    name   = "crm"
    prefix = "crm/tokens/"
    alarms = {
      cloudtrail_log_group = "trail"
      actions              = ["arn:aws:sns:eu-central-1:123456789012:operators"]
      deletions            = 10
    }
    vpc_endpoint = {
      vpc_id             = "vpc-1"
      subnet_ids         = ["subnet-1", "subnet-2"]
      security_group_ids = ["sg-1"]
    }
  }

  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.alarm : name => "${alarm.alarm_name} ${alarm.namespace} ${alarm.metric_name} ${alarm.threshold}"
      } == {
      throttled-calls = "crm-throttled-calls zoho-token-store crm-throttled-calls 1"
      deletions       = "crm-deletions zoho-token-store crm-deletions 10"
    }
    error_message = "The alarms are not on the metrics of the filters, or not at the numbers given."
  }

  assert {
    condition     = strcontains(aws_cloudwatch_log_metric_filter.alarm["deletions"].pattern, "$.requestParameters.secretId = \"crm/tokens/*\"")
    error_message = "Deletions of other secrets are counted."
  }

  assert {
    condition     = alltrue([for filter in aws_cloudwatch_log_metric_filter.alarm : filter.log_group_name == "trail"])
    error_message = "The filters are not on CloudTrail's log group."
  }

  assert {
    condition     = aws_vpc_endpoint.secrets_manager[0].service_name == "com.amazonaws.eu-central-1.secretsmanager" && aws_vpc_endpoint.secrets_manager[0].private_dns_enabled
    error_message = "The endpoint is not Secrets Manager's."
  }
}
