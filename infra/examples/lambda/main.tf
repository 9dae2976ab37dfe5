# A Lambda function with the store's settings and its role.

module "token_store" {
  source = "../.."

  name            = var.name
  prefix          = var.prefix
  kms_key         = "create"
  fingerprint_key = "create"
}

# Requires Terraform 1.11. With an older version, leave this out and put a key in yourself, as in examples/ecs.
module "fingerprint_key" {
  source = "../../modules/fingerprint-key"

  secret_id = module.token_store.fingerprint_key_secret_arn
}

resource "aws_lambda_function" "crm" {
  function_name    = var.name
  role             = aws_iam_role.function.arn
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  handler          = "bootstrap"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  memory_size      = 256
  timeout          = 30 # More than 20 seconds, the store's timeout for a call to AWS with its retries.

  environment {
    variables = module.token_store.environment
  }

  depends_on = [aws_cloudwatch_log_group.function, module.fingerprint_key]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}
