# The outputs, and the checks that concern more than one input.

output "environment" {
  description = "The settings of the store as environment variables, for aws_lambda_function.environment.variables."
  value       = local.environment

  precondition {
    condition = length(local.unknown_settings) == 0
    error_message = "settings has unknown keys: ${join(", ", [
      for unknown, nearest in local.nearest_settings :
      length(nearest) == 0 ? unknown : "${unknown} (did you mean ${join(" or ", nearest)}?)"
    ])}. The keys are ${join(", ", local.setting_names)}."
  }
  precondition {
    condition     = !contains(local.replica_regions, local.region)
    error_message = "replica_regions must not contain ${local.region}, the region of the tokens themselves."
  }
  precondition {
    condition     = var.kms_key_id == null || var.kms_key == "existing"
    error_message = "kms_key_id requires kms_key = \"existing\". Set that, or leave kms_key_id out."
  }
  precondition {
    condition     = (var.fingerprint_key_secret != null) == (var.fingerprint_key == "existing")
    error_message = "With fingerprint_key = \"existing\", fingerprint_key_secret must be the name or ARN of the secret; otherwise leave it out."
  }
  precondition {
    condition     = !startswith(local.fingerprint_key_name, var.prefix)
    error_message = "fingerprint_key_secret must not be under the prefix ${var.prefix}, which is for tokens only. Use a secret with another name."
  }
  precondition {
    condition     = !local.fingerprint_key_given_as_arn || startswith(coalesce(local.fingerprint_key_secret, "-"), local.secret_arns[0])
    error_message = "fingerprint_key_secret must be in this account and region (${local.account}, ${local.region})."
  }
}

output "container_environment" {
  description = "The same settings for an ECS container definition: a list of objects with name and value."
  value       = [for name, value in local.environment : { name = name, value = value }]
}

output "policy_documents" {
  description = "The IAM policies as JSON documents, by role: runtime, reader, admin."
  value       = local.policy_documents
}

output "policy_arns" {
  description = "The ARNs of the managed policies, by role: those of the roles in var.policies."
  value       = { for role, policy in aws_iam_policy.role : role => policy.arn }
}

output "token_arn_pattern" {
  description = "The ARN of the tokens' secrets, with a wildcard; for your own policies."
  value       = local.token_arn
}

output "kms_key_arn" {
  description = "The ARN of the new or existing KMS key; null for aws/secretsmanager."
  value       = local.kms_key_arn
}

output "kms_key_alias" {
  description = "The alias of the new KMS key; null if there is none."
  value       = one(aws_kms_alias.tokens[*].name)
}

output "fingerprint_key_secret" {
  description = "The name of the secret with the fingerprint key, or its ARN if fingerprint_key_secret is one; null if there is none."
  value       = local.fingerprint_key_secret
}

output "fingerprint_key_secret_arn" {
  description = "The ARN of the new secret for the fingerprint key, for modules/fingerprint-key; null if there is none."
  value       = try(local.created_fingerprint_key.arn, null)
}

output "alarm_arns" {
  description = "The ARNs of the alarms, by name: throttled-calls, deletions."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.alarm : name => alarm.arn }
}

output "vpc_endpoint_id" {
  description = "The id of the VPC endpoint; null if there is none."
  value       = one(aws_vpc_endpoint.secrets_manager[*].id)
}
