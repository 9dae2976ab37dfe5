# A configuration that applies the module to LocalStack.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.88"
    }
  }
}

variable "endpoint" {
  description = "The URL of LocalStack."
  type        = string

  validation {
    condition     = can(regex("^https?://", var.endpoint))
    error_message = "endpoint must be an address that begins with http:// or https://."
  }
}

variable "run" {
  description = "A part of all names that no other run uses: several runs can share a LocalStack."
  type        = string
}

variable "kms_key_id" {
  description = "The id, ARN or alias of a KMS key; null to create one."
  type        = string
  default     = null
}

provider "aws" {
  region     = "us-east-1"
  access_key = "test"
  secret_key = "test"

  endpoints {
    iam            = var.endpoint
    kms            = var.endpoint
    secretsmanager = var.endpoint
    sts            = var.endpoint
  }
}

module "token_store" {
  source = "../.."

  name                 = "zoho-test-${var.run}"
  prefix               = "test-${var.run}/tokens/"
  kms_key              = "existing"
  kms_key_id           = one(concat(aws_kms_alias.given[*].name, compact([var.kms_key_id])))
  replica_regions      = ["eu-west-1"]
  fingerprint_key      = "create"
  keep_fingerprint_key = false # The test destroys it.
  recovery_window_days = 0
}

module "fingerprint_key" {
  source = "../../modules/fingerprint-key"

  secret_id = module.token_store.fingerprint_key_secret_arn
}

# A customer managed key.
resource "aws_kms_key" "given" {
  count                   = var.kms_key_id == null ? 1 : 0
  deletion_window_in_days = 7
}

resource "aws_kms_alias" "given" {
  count         = var.kms_key_id == null ? 1 : 0
  name          = "alias/zoho-test-given-${var.run}"
  target_key_id = aws_kms_key.given[0].key_id
}

# What AWS stores, without secret values.
data "aws_iam_policy" "stored" {
  for_each   = module.token_store.policy_arns
  arn        = each.value
  depends_on = [module.token_store]
}

data "aws_secretsmanager_secret" "fingerprint_key" {
  arn        = module.token_store.fingerprint_key_secret_arn
  depends_on = [module.fingerprint_key]
}

output "token_store" {
  description = "All outputs of the module."
  value       = module.token_store
}

output "stored_policies" {
  description = "The policies as stored in IAM."
  value       = { for role, policy in data.aws_iam_policy.stored : role => policy.policy }
}

output "fingerprint_key" {
  description = "The secret as stored in Secrets Manager, and the version with the key."
  value = {
    name       = data.aws_secretsmanager_secret.fingerprint_key.name
    kms_key_id = data.aws_secretsmanager_secret.fingerprint_key.kms_key_id
    version_id = module.fingerprint_key.version_id
  }
}
