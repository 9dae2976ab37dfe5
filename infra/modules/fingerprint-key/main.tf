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
  description = "The ARN or name of the secret: the module's output fingerprint_key_secret_arn."
  type        = string
  nullable    = false
}

variable "key_version" {
  description = "The number of the key. A higher number puts a new random key into the secret: see \"A new fingerprint key\" in the module's README. If a key is lost, do not raise it, but restore the secret: a new key does not find existing tokens."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.key_version >= 1 && floor(var.key_version) == var.key_version
    error_message = "key_version must be a whole number that is at least 1. Raise it only to replace a key that works; if the key is lost, restore its secret instead."
  }
}

# AWS returns a new password in every plan and apply; it is only used if key_version has changed.
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
