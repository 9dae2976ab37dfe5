# What one needs next, and may want to look at.

output "fingerprint_key_command" {
  description = "Puts a random fingerprint key into its secret, past Terraform. Once, before the first task starts."
  value       = "openssl rand -hex 32 | tr -d '\\n' | aws secretsmanager put-secret-value --secret-id '${module.token_store.fingerprint_key_secret}' --secret-string file:///dev/stdin"
}

output "task_definition_arn" {
  description = "The task definition."
  value       = aws_ecs_task_definition.crm.arn
}

output "environment" {
  description = "The settings of the store in the container."
  value       = module.token_store.environment
}
