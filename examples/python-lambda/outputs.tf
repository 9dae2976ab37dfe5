# The outputs.

output "function_name" {
  description = "The function's name."
  value       = aws_lambda_function.crm.function_name
}

output "environment" {
  description = "The store's settings in the function."
  value       = module.token_store.environment
}
