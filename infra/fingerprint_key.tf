# The secret with the fingerprint key, without its value: modules/fingerprint-key puts a key in, or you do.

locals {
  # Beside the tokens. Under their prefix, the store would report it as a secret that is not a token.
  fingerprint_key_secret = (
    var.fingerprint_key == "create" ? "${trimsuffix(var.prefix, "/")}-fingerprint-key" :
    var.fingerprint_key == "existing" ? var.fingerprint_key_secret : null
  )
  fingerprint_key_given_as_arn = can(regex("^arn:", local.fingerprint_key_secret))
  fingerprint_key_name = (
    local.fingerprint_key_given_as_arn ? try(regex(":secret:(.*)-[A-Za-z0-9]{6}$", local.fingerprint_key_secret)[0], "") :
    coalesce(local.fingerprint_key_secret, "-")
  )
  fingerprint_key_description = "The key of the fingerprints of zoho-token-store under ${var.prefix}"
  created_fingerprint_key     = one(concat(aws_secretsmanager_secret.fingerprint_key, aws_secretsmanager_secret.disposable_fingerprint_key))

  # The ARN of a secret ends in a hyphen and six characters that are not part of its name.
  fingerprint_key_arns = [
    for arn in local.secret_arns :
    local.fingerprint_key_given_as_arn ? "${arn}${element(split(":", local.fingerprint_key_secret), 6)}" : "${arn}${local.fingerprint_key_name}-??????"
    if var.fingerprint_key != "none"
  ]
}

# Terraform shows the next line when it refuses to destroy the secret. prevent_destroy cannot be a variable, so there
# are two resources for the secret.
resource "aws_secretsmanager_secret" "fingerprint_key" { # Without this key, tokens cannot be found: see "Destroying" in the README.
  count                   = var.fingerprint_key == "create" && var.keep_fingerprint_key ? 1 : 0
  name                    = local.fingerprint_key_secret
  description             = local.fingerprint_key_description
  kms_key_id              = local.kms_key_arn
  recovery_window_in_days = 30 # The longest.
  tags                    = var.tags

  dynamic "replica" {
    for_each = var.replica_regions
    content {
      region = replica.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_secretsmanager_secret" "disposable_fingerprint_key" {
  count                   = var.fingerprint_key == "create" && !var.keep_fingerprint_key ? 1 : 0
  name                    = local.fingerprint_key_secret
  description             = local.fingerprint_key_description
  kms_key_id              = local.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
  tags                    = var.tags

  dynamic "replica" {
    for_each = var.replica_regions
    content {
      region = replica.value
    }
  }
}
