# Puts a random fingerprint key into a secret. The key is never in the plan or the state.

terraform {
  required_version = ">= 1.11" # Write-only arguments.

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.88" # secret_string_wo.
    }
  }
}

variable "secret_id" {
  description = "The ARN or name of the secret: the output fingerprint_key_secret_arn of the module."
  type        = string
  nullable    = false
}

variable "key_version" {
  description = "Which key it is. A higher number puts a new random key into the secret: see \"A new fingerprint key\" in the module's README."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.key_version >= 1 && floor(var.key_version) == var.key_version
    error_message = "key_version must be a whole number from 1."
  }
}

# Made by AWS anew in every plan and apply, and thrown away unless key_version has changed.
ephemeral "aws_secretsmanager_random_password" "key" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "key" {
  secret_id                = var.secret_id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.key.random_password
  secret_string_wo_version = var.key_version
}

output "version_id" {
  description = "The id of the secret's version that holds the key."
  value       = aws_secretsmanager_secret_version.key.version_id
}
