# The KMS key, new and existing.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "created" {
  command = apply # Of mocks: only then does the key have its ARN.
  variables {
    kms_key              = "create"
    fingerprint_key      = "create"
    keep_fingerprint_key = false # The test destroys it.
    replica_regions      = ["eu-west-1"]
  }

  assert {
    condition     = aws_kms_key.tokens[0].enable_key_rotation && aws_kms_alias.tokens[0].name == "alias/zoho-token-store"
    error_message = "The key is not rotated, or has no alias."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.tokens[0].policy).Statement :
      statement.Principal == { AWS = "arn:aws:iam::123456789012:root" } && alltrue([for action in statement.Action : !strcontains(action, "*")])
    ])
    error_message = "The key policy names other principals than the account, or actions by a wildcard."
  }

  # What uses a key's material, or lets others use it.
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.tokens[0].policy).Statement : alltrue([
        for action in statement.Action : !can(regex("Encrypt|Decrypt|DataKey|Sign|Mac|DeriveShared|CreateGrant", action))
      ]) if statement.Sid == "Administer"
    ])
    error_message = "Who administers the key may use it."
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_kms_key.tokens[0].policy).Statement : { Action = statement.Action, Condition = statement.Condition }
      if statement.Sid == "UseForTheseSecrets"
      ]) == jsonencode([{
        Action = ["kms:Decrypt", "kms:GenerateDataKey"]
        Condition = {
          StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com"] }
          StringLike = {
            "kms:EncryptionContext:SecretARN" = [
              "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*",
              "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens-fingerprint-key-??????",
              "RequestToValidateKeyAccess",
            ]
          }
        }
    }])
    error_message = "The key can be used otherwise than through Secrets Manager and for these secrets."
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(output.policy_documents.runtime).Statement : statement
      if contains(["DecryptTokens", "EncryptTokens"], statement.Sid)
      ]) == jsonencode([
      {
        Sid      = "DecryptTokens"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = ["arn:aws:kms:eu-central-1:123456789012:key/5678abcd-12ab-44cd-86ef-1234567890ab"]
        Condition = {
          StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com"] }
          StringLike = {
            "kms:EncryptionContext:SecretARN" = [
              "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*",
              "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens-fingerprint-key-??????",
            ]
          }
        }
      },
      {
        Sid      = "EncryptTokens"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = ["arn:aws:kms:eu-central-1:123456789012:key/5678abcd-12ab-44cd-86ef-1234567890ab"]
        Condition = {
          StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com"] }
          StringLike = {
            "kms:EncryptionContext:SecretARN" = [
              "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*",
              "RequestToValidateKeyAccess",
            ]
          }
        }
      },
    ])
    error_message = "The statements about the key are not what they should be."
  }

  assert {
    condition     = output.environment.ZOHO_TOKEN_STORE_KMS_KEY_ID == output.kms_key_arn && aws_secretsmanager_secret.disposable_fingerprint_key[0].kms_key_id == output.kms_key_arn
    error_message = "The store or the fingerprint key has another key."
  }
}

run "given" {
  command = plan
  variables {
    kms_key    = "existing"
    kms_key_id = "alias/tokens"
  }

  assert {
    condition     = length(aws_kms_key.tokens) == 0 && length(aws_kms_alias.tokens) == 0
    error_message = "A key is made though one is given."
  }

  assert {
    condition = (
      output.environment.ZOHO_TOKEN_STORE_KMS_KEY_ID == "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
      && strcontains(output.policy_documents.reader, "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab")
    )
    error_message = "Store and policies do not have the key that the alias stands for."
  }
}
