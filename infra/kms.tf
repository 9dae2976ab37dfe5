# The KMS key of the tokens: a new one, an existing one, or aws/secretsmanager.

locals {
  kms_key_arn = (
    var.kms_key == "create" ? aws_kms_key.tokens[0].arn :
    var.kms_key == "existing" ? data.aws_kms_key.given[0].arn : null
  )

  # Only secrets in this region: replicas are encrypted with the key aws/secretsmanager of their own region.
  kms_secret_arns = concat([local.token_arn], [for number, arn in local.fingerprint_key_arns : arn if number == 0])

  # Secrets Manager calls KMS with its caller's permissions, and with the secret's ARN as encryption context.
  # In China, the service's name occurs with and without .cn.
  kms_via = distinct([for suffix in ["amazonaws.com", data.aws_partition.current.dns_suffix] : "secretsmanager.${local.region}.${suffix}"])
  # Secrets Manager's placeholder for the ARN when it checks whether the creator of a new secret may use the key.
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
      error_message = "The KMS key must be enabled, symmetric, and for encryption and decryption: Secrets Manager supports no other keys."
    }
    postcondition {
      condition     = self.key_manager == "CUSTOMER"
      error_message = "The KMS key must be customer managed. For aws/secretsmanager, set kms_key = \"aws-managed\"."
    }
    postcondition {
      condition     = split(":", self.arn)[3] == local.region
      error_message = "The KMS key must be in ${local.region}, the region of the secrets."
    }
  }
}

resource "aws_kms_key" "tokens" {
  count                   = var.kms_key == "create" ? 1 : 0
  description             = "OAuth tokens for Zoho under ${var.prefix}, kept by zoho-token-store"
  enable_key_rotation     = true
  deletion_window_in_days = 30 # The longest: without the key, all tokens are lost.
  policy                  = local.kms_key_policy
  tags                    = var.tags
}

resource "aws_kms_alias" "tokens" {
  count         = var.kms_key == "create" ? 1 : 0
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.tokens[0].key_id
}

locals {
  # IAM policies decide which principals in the account may do this. Whatever they say, the key can only be used
  # through Secrets Manager and for these secrets. kms:CreateGrant is missing because a grant would bypass that.
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
