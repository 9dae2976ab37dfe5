# The secret with the fingerprint key. Its value is never here: modules/fingerprint-key or you put it in.

locals {
  # Beside the tokens, not below their prefix, where the store would take it for a foreign secret.
  fingerprint_key_secret = (
    var.fingerprint_key == "create" ? "${trimsuffix(var.prefix, "/")}-fingerprint-key" :
    var.fingerprint_key == "existing" ? var.fingerprint_key_secret : null
  )
  fingerprint_key_given_as_arn = can(regex("^arn:", local.fingerprint_key_secret))
  fingerprint_key_name = (
    local.fingerprint_key_given_as_arn ? try(regex(":secret:(.*)-[A-Za-z0-9]{6}$", local.fingerprint_key_secret)[0], "") :
    coalesce(local.fingerprint_key_secret, "-")
  )

  # AWS ends every ARN of a secret with a hyphen and six characters, which a name does not tell.
  fingerprint_key_arns = [
    for arn in local.secret_arns :
    local.fingerprint_key_given_as_arn ? "${arn}${element(split(":", local.fingerprint_key_secret), 6)}" : "${arn}${local.fingerprint_key_name}-??????"
    if var.fingerprint_key != "none"
  ]
}

resource "aws_secretsmanager_secret" "fingerprint_key" {
  count                   = var.fingerprint_key == "create" ? 1 : 0
  name                    = local.fingerprint_key_secret
  description             = "The key of the fingerprints of zoho-token-store below ${var.prefix}"
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
