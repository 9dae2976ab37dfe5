# A function with Zoho's SDK, the layer with the store, and the store's settings and permissions.

locals {
  wheel = { x86_64 = "x86_64", arm64 = "aarch64" }
  layer = "${var.zips}/layer-${local.wheel[var.architecture]}.zip"
}

module "token_store" {
  source = "../../infra"

  name            = var.name
  prefix          = var.prefix
  kms_key         = "create"
  fingerprint_key = "create"
}

module "fingerprint_key" {
  source = "../../infra/modules/fingerprint-key"

  secret_id = module.token_store.fingerprint_key_secret_arn
}

resource "aws_lambda_layer_version" "store" {
  layer_name               = "${var.name}-store"
  filename                 = local.layer
  source_code_hash         = filebase64sha256(local.layer)
  compatible_runtimes      = ["python3.12"] # For which `build` takes the packages.
  compatible_architectures = [var.architecture]
}

resource "aws_lambda_function" "crm" {
  function_name    = var.name
  role             = aws_iam_role.function.arn
  runtime          = "python3.12"
  architectures    = [var.architecture]
  handler          = "handler.handle"
  filename         = "${var.zips}/function.zip"
  source_code_hash = filebase64sha256("${var.zips}/function.zip")
  layers           = [aws_lambda_layer_version.store.arn]
  memory_size      = 512
  timeout          = 60 # A refresh may be waited for: the store's calls end after 20 seconds, Zoho's after 7.

  environment {
    variables = module.token_store.environment
  }

  depends_on = [aws_cloudwatch_log_group.function, module.fingerprint_key]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

data "aws_partition" "current" {}

resource "aws_iam_role" "function" {
  name = "${var.name}-function"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "tokens" {
  role       = aws_iam_role.function.name
  policy_arn = module.token_store.policy_arns["runtime"]
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
