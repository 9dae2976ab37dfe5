# The KMS key of the tokens: created here, given, or AWS's own.

locals {
  kms_key_arn = (
    var.kms_key == "create" ? aws_kms_key.tokens[0].arn :
    var.kms_key == "existing" ? data.aws_kms_key.given[0].arn : null
  )

  # The key is for the secrets of this region: replicas have the key aws/secretsmanager of theirs.
  kms_secret_arns = concat([local.token_arn], [for number, arn in local.fingerprint_key_arns : arn if number == 0])

  # Secrets Manager calls KMS in the name of who calls it, and with the secret's ARN as encryption context.
  # In China AWS writes the service's name with or without .cn.
  kms_via = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "secretsmanager.${local.region}.${suffix}"])
  # A new secret has no ARN yet when Secrets Manager tries out whether its creator may use the key.
  kms_new_secret = "RequestToValidateKeyAccess"
}

data "aws_kms_key" "given" { # kms_key_id must be the id, ARN or alias of a key that exists in this region
  count  = var.kms_key == "existing" ? 1 : 0
  key_id = var.kms_key_id

  lifecycle {
    precondition {
      condition     = var.kms_key_id != null
      error_message = "With kms_key = \"existing\", kms_key_id must be the id, ARN or alias of the key."
    }
    postcondition {
      condition     = self.enabled && self.key_usage == "ENCRYPT_DECRYPT" && self.customer_master_key_spec == "SYMMETRIC_DEFAULT"
      error_message = "The KMS key must be enabled, symmetric, and for encryption and decryption: Secrets Manager takes no other."
    }
    postcondition {
      condition     = self.key_manager == "CUSTOMER"
      error_message = "The KMS key must be one of your own. For aws/secretsmanager set kms_key = \"aws-managed\"."
    }
    postcondition {
      condition     = split(":", self.arn)[3] == local.region
      error_message = "The KMS key must be in ${local.region}, the region of the secrets."
    }
  }
}

resource "aws_kms_key" "tokens" {
  count                   = var.kms_key == "create" ? 1 : 0
  description             = "OAuth tokens for Zoho below ${var.prefix}, kept by zoho-token-store"
  enable_key_rotation     = true
  deletion_window_in_days = 30 # The longest: without the key all tokens are lost.
  policy                  = local.kms_key_policy
  tags                    = var.tags
}

resource "aws_kms_alias" "tokens" {
  count         = var.kms_key == "create" ? 1 : 0
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.tokens[0].key_id
}

locals {
  # Both statements leave it to IAM policies who in the account may do that. Nobody may use the key but
  # through Secrets Manager and for these secrets, whatever an IAM policy says; and nobody gets around that
  # with a grant, as kms:CreateGrant is not there.
  kms_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action = [
          "kms:CancelKeyDeletion",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:DisableKeyRotation",
          "kms:EnableKey",
          "kms:EnableKeyRotation",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListGrants",
          "kms:ListKeyPolicies",
          "kms:ListKeyRotations",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:RevokeGrant",
          "kms:RotateKeyOnDemand",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource = "*" # In a key policy: this key.
      },
      {
        Sid       = "UseForTheseSecrets"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = {
          StringEquals = { "kms:ViaService" = local.kms_via }
          StringLike = {
            "kms:EncryptionContext:SecretARN" = concat(local.kms_secret_arns, [local.kms_new_secret])
          }
        }
      },
    ]
  })
}
