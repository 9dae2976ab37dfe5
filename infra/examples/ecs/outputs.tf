# The outputs.

output "fingerprint_key_command" {
  description = "The command that puts a random fingerprint key into its secret. Run it once, before the first task starts, and never again: a new key does not find existing tokens."
  value       = "openssl rand -hex 32 | tr -d '\\n' | aws secretsmanager put-secret-value --secret-id '${module.token_store.fingerprint_key_secret}' --secret-string file:///dev/stdin"
}

output "task_definition_arn" {
  description = "The task definition."
  value       = aws_ecs_task_definition.crm.arn
}

output "environment" {
  description = "The store's settings in the container."
  value       = module.token_store.environment
}
