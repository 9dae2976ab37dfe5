# What one may want to look at.

output "function_name" {
  description = "The function."
  value       = aws_lambda_function.crm.function_name
}

output "environment" {
  description = "The settings of the store in the function."
  value       = module.token_store.environment
}
