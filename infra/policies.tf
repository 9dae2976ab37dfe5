# Who may do what: every statement there is, and which of them each role has. See the README, action by action.

locals {
  managed_by = "zoho-token-store" # The value of the tag managed-by, by which the store knows its secrets.

  tag_keys = concat(["managed-by"], [for key in ["zoho-token-store:*"] : key if var.tag_index], keys(var.token_tags))

  statements = {
    # No tag condition: a secret that does not exist has no tags, and the answer must be that it does not exist.
    read = {
      Sid      = "ReadTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.token_arns
    }

    read_fingerprint_key = {
      Sid      = "ReadFingerprintKey"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.fingerprint_key_arns
    }

    # The only two actions that take no resource.
    list = {
      Sid       = "FindAndListTokens"
      Effect    = "Allow"
      Action    = ["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:RequestedRegion" = local.regions } }
    }

    create = {
      Sid      = "CreateTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:CreateSecret"]
      Resource = [local.token_arn]
      Condition = merge(
        {
          StringEquals              = { "aws:RequestTag/managed-by" = local.managed_by }
          "ForAllValues:StringLike" = { "aws:TagKeys" = local.tag_keys }
        },
        local.replicas_allowed,
      )
    }

    # CreateSecret with tags needs this too, when there is no secret with tags yet: hence IfExists.
    tag = {
      Sid      = "TagTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:TagResource"]
      Resource = [local.token_arn]
      Condition = {
        StringEquals              = { "aws:RequestTag/managed-by" = local.managed_by }
        StringEqualsIfExists      = { "aws:ResourceTag/managed-by" = local.managed_by }
        "ForAllValues:StringLike" = { "aws:TagKeys" = local.tag_keys }
      }
    }

    # For who does not create: only secrets that are the store's already.
    tag_existing = {
      Sid      = "TagTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:TagResource"]
      Resource = [local.token_arn]
      Condition = {
        StringEquals = {
          "aws:RequestTag/managed-by"  = local.managed_by
          "aws:ResourceTag/managed-by" = local.managed_by
        }
        "ForAllValues:StringLike" = { "aws:TagKeys" = local.tag_keys }
      }
    }

    # Asked where AWS refuses: whose is the secret of that name, is it deleted, which version is current, where
    # are its replicas? No tag condition, as the answer may be that there is none.
    describe = {
      Sid      = "DescribeTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret"]
      Resource = [local.token_arn]
    }

    write = {
      Sid       = "WriteTokens"
      Effect    = "Allow"
      Action    = ["secretsmanager:PutSecretValue", "secretsmanager:RestoreSecret"]
      Resource  = [local.token_arn]
      Condition = { StringEquals = { "aws:ResourceTag/managed-by" = local.managed_by } }
    }

    delete = {
      Sid      = "DeleteTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:DeleteSecret"]
      Resource = [local.token_arn]
      Condition = merge(
        { StringEquals = { "aws:ResourceTag/managed-by" = local.managed_by } },
        # Who is to leave time for recovery can neither force nor shorten it.
        {
          for operator, keys in {
            BoolIfExists                     = { "secretsmanager:ForceDeleteWithoutRecovery" = "false" }
            NumericGreaterThanEqualsIfExists = { "secretsmanager:RecoveryWindowInDays" = tostring(var.recovery_window_days) }
          } : operator => keys if var.recovery_window_days > 0
        },
      )
    }

    # CreateSecret with replicas needs this too, when there is no secret with tags yet: hence IfExists.
    replicate = {
      Sid      = "ReplicateTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:ReplicateSecretToRegions"]
      Resource = [local.token_arn]
      Condition = merge(
        { StringEqualsIfExists = { "aws:ResourceTag/managed-by" = local.managed_by } },
        local.replicas_allowed,
      )
    }

    # For who does not create: a token that was saved over its deletion gets its replicas back.
    replicate_existing = {
      Sid      = "ReplicateTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:ReplicateSecretToRegions"]
      Resource = [local.token_arn]
      Condition = merge(
        { StringEquals = { "aws:ResourceTag/managed-by" = local.managed_by } },
        local.replicas_allowed,
      )
    }

    # A secret with replicas cannot be deleted.
    remove_replicas = {
      Sid       = "RemoveReplicas"
      Effect    = "Allow"
      Action    = ["secretsmanager:RemoveRegionsFromReplication"]
      Resource  = [local.token_arn]
      Condition = { StringEquals = { "aws:ResourceTag/managed-by" = local.managed_by } }
    }

    decrypt = {
      Sid      = "DecryptTokens"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = [local.kms_key_arn]
      Condition = {
        StringEquals = { "kms:ViaService" = local.kms_via }
        StringLike   = { "kms:EncryptionContext:SecretARN" = local.kms_secret_arns }
      }
    }

    encrypt = {
      Sid      = "EncryptTokens"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = [local.kms_key_arn]
      Condition = {
        StringEquals = { "kms:ViaService" = local.kms_via }
        StringLike   = { "kms:EncryptionContext:SecretARN" = [local.token_arn, local.kms_new_secret] }
      }
    }
  }

  # Only to the regions that are meant, and over nobody else's secret there; with no such regions, to none.
  replicas_allowed = {
    for operator, keys in {
      Null                        = length(var.replica_regions) > 0 ? null : { "secretsmanager:AddReplicaRegions" = "true" }
      "ForAllValues:StringEquals" = length(var.replica_regions) == 0 ? null : { "secretsmanager:AddReplicaRegions" = local.replica_regions }
      BoolIfExists                = length(var.replica_regions) == 0 ? null : { "secretsmanager:ForceOverwriteReplicaSecret" = "false" }
    } : operator => keys if keys != null
  }

  # What each role may do, in the order in which the statements appear.
  roles = {
    reader  = ["read", "list", "read_fingerprint_key", "decrypt"]
    runtime = ["read", "list", "create", "tag", "describe", "write", "delete", "replicate", "remove_replicas", "read_fingerprint_key", "decrypt", "encrypt"]
    admin   = ["read", "list", "tag_existing", "describe", "write", "delete", "replicate_existing", "remove_replicas", "read_fingerprint_key", "decrypt", "encrypt"]
  }

  # What nothing is to be done with is not allowed either.
  needed = {
    list                 = var.tag_index
    tag_existing         = var.tag_index
    replicate            = length(var.replica_regions) > 0
    replicate_existing   = length(var.replica_regions) > 0
    remove_replicas      = length(var.replica_regions) > 0
    read_fingerprint_key = var.fingerprint_key != "none"
    decrypt              = var.kms_key != "aws-managed"
    encrypt              = var.kms_key != "aws-managed"
  }

  policy_documents = {
    for role, names in local.roles : role => jsonencode({
      Version   = "2012-10-17"
      Statement = [for name in names : local.statements[name] if lookup(local.needed, name, true)]
    })
  }
}

resource "aws_iam_policy" "role" {
  for_each    = var.policies
  name        = "${var.name}-${each.key}"
  description = "What a ${each.key} of the tokens below ${var.prefix} may do (zoho-token-store)"
  policy      = local.policy_documents[each.key]
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(replace(local.policy_documents[each.key], " ", "")) <= 6144
      error_message = "AWS allows 6,144 characters in a managed policy. Use a shorter prefix, or fewer replica_regions or token_tags; or leave \"${each.key}\" out of policies and use its document as an inline policy of a role, which may have 10,240."
    }
  }
}
