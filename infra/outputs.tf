# What the module hands on.

output "environment" {
  description = "The settings of the store, for aws_lambda_function.environment.variables."
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
    error_message = "replica_regions must not have ${local.region}: the tokens themselves are there."
  }
  precondition {
    condition     = var.kms_key_id == null || var.kms_key == "existing"
    error_message = "kms_key_id is for kms_key = \"existing\" alone. Set that, or leave kms_key_id out."
  }
  precondition {
    condition     = (var.fingerprint_key_secret != null) == (var.fingerprint_key == "existing")
    error_message = "With fingerprint_key = \"existing\", fingerprint_key_secret must be the name or ARN of the secret; otherwise leave it out."
  }
  precondition {
    condition     = !startswith(local.fingerprint_key_name, var.prefix)
    error_message = "fingerprint_key_secret must not be below the prefix ${var.prefix}: that is for tokens alone. Give it a name beside it."
  }
  precondition {
    condition     = !local.fingerprint_key_given_as_arn || startswith(coalesce(local.fingerprint_key_secret, "-"), local.secret_arns[0])
    error_message = "fingerprint_key_secret must be in this account and region (${local.account}, ${local.region})."
  }
}

output "container_environment" {
  description = "The same for an ECS container definition: a list of name and value."
  value       = [for name, value in local.environment : { name = name, value = value }]
}

output "policy_documents" {
  description = "The IAM policies as JSON documents: runtime, reader, admin."
  value       = local.policy_documents
}

output "policy_arns" {
  description = "The ARNs of the managed policies, by role: those of runtime, reader and admin that are in var.policies."
  value       = { for role, policy in aws_iam_policy.role : role => policy.arn }
}

output "token_arn_pattern" {
  description = "The ARN of all tokens' secrets, with a wildcard; for policies of your own."
  value       = local.token_arn
}

output "kms_key_arn" {
  description = "The ARN of the KMS key, created or given; null for aws/secretsmanager."
  value       = local.kms_key_arn
}

output "kms_key_alias" {
  description = "The alias of the created KMS key; null if none was created."
  value       = one(aws_kms_alias.tokens[*].name)
}

output "fingerprint_key_secret" {
  description = "The name (or ARN, if one was given) of the secret with the fingerprint key; null for none."
  value       = local.fingerprint_key_secret
}

output "fingerprint_key_secret_arn" {
  description = "The ARN of the created secret for the fingerprint key, for modules/fingerprint-key; null if none was created."
  value       = try(local.created_fingerprint_key.arn, null)
}

output "alarm_arns" {
  description = "The ARNs of the alarms, by name: throttled-calls, deletions."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.alarm : name => alarm.arn }
}

output "vpc_endpoint_id" {
  description = "The id of the VPC endpoint; null for none."
  value       = one(aws_vpc_endpoint.secrets_manager[*].id)
}
