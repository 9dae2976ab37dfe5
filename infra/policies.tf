# The IAM policies: all statements, and which of them each role has. The README explains every action.

locals {
  managed_by = "zoho-token-store" # The value of the tag managed-by, which marks the store's secrets.
  index_tags = "zoho-token-store:*"

  tag_keys = concat(["managed-by"], [for key in [local.index_tags] : key if var.tag_index], keys(var.token_tags))

  statements = {
    # No tag condition: a secret that does not exist has no tags, and AWS must report that it does not exist.
    #
    # Only the current version: the one before it may be a deleted token. IfExists, because the parameter does not
    # exist in BatchGetSecretValue, which returns current versions only. Without it a request by version id would be
    # allowed, too.
    read = {
      Sid      = "ReadTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.token_arns
      Condition = {
        StringEqualsIfExists = { "secretsmanager:VersionStage" = "AWSCURRENT" }
        Null                 = { "secretsmanager:VersionId" = "true" }
      }
    }

    # Earlier versions, too: to restore a deleted token.
    read_all_versions = {
      Sid      = "ReadTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.token_arns
    }

    # The previous version, too: after the key has changed, tokens are found under both.
    read_fingerprint_key = {
      Sid      = "ReadFingerprintKey"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.fingerprint_key_arns
      Condition = {
        StringEquals = { "secretsmanager:VersionStage" = ["AWSCURRENT", "AWSPREVIOUS"] }
        Null         = { "secretsmanager:VersionId" = "true" }
      }
    }

    # These two actions take no resource.
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
          StringEquals = merge(
            { "aws:RequestTag/managed-by" = local.managed_by },
            { for arn in [local.kms_key_arn] : "secretsmanager:KmsKeyArn" => arn if var.kms_key != "aws-managed" },
          )
          "ForAllValues:StringLike" = { "aws:TagKeys" = local.tag_keys }
        },
        { for keys in [local.must_be_absent] : "Null" => keys if length(keys) > 0 },
        local.replicas_allowed,
      )
    }

    # CreateSecret with tags also needs TagResource, before the secret has any tags: hence IfExists.
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

    # For a role that does not create secrets: only those that have the store's tag.
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

    # Tags of the index that no longer belong to a token, and one that no secret has: whether that can be removed tells
    # if a secret exists that a read did not find. No other tag can be removed, managed-by least of all.
    untag = {
      Sid      = "UntagTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:UntagResource"]
      Resource = [local.token_arn]
      Condition = {
        StringEquals              = { "aws:ResourceTag/managed-by" = local.managed_by }
        "ForAllValues:StringLike" = { "aws:TagKeys" = [local.index_tags] }
      }
    }

    # After a call was refused, or a read was older than another: the secret's tags, deletion, versions and replicas.
    # No tag condition, because the secret may have no tags.
    describe = {
      Sid      = "DescribeTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret"]
      Resource = [local.token_arn]
    }

    # And the times of versions, for operators.
    describe_versions = {
      Sid      = "DescribeTokens"
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"]
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
        # With a recovery window, the role can neither skip nor shorten it.
        {
          for operator, keys in {
            BoolIfExists                     = { "secretsmanager:ForceDeleteWithoutRecovery" = "false" }
            NumericGreaterThanEqualsIfExists = { "secretsmanager:RecoveryWindowInDays" = tostring(var.recovery_window_days) }
          } : operator => keys if var.recovery_window_days > 0
        },
      )
    }

    # CreateSecret with replicas also needs this, before the secret has any tags: hence IfExists.
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

    # For a role that does not create secrets: a token that is saved after its deletion gets its replicas back.
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

  # Only to replica_regions, and never over a secret that exists there.
  replicas_allowed = {
    for operator, keys in {
      "ForAllValues:StringEquals" = { "secretsmanager:AddReplicaRegions" = local.replica_regions }
      BoolIfExists                = { "secretsmanager:ForceOverwriteReplicaSecret" = "false" }
    } : operator => keys if length(var.replica_regions) > 0
  }

  # What CreateSecret may not have: replicas without replica_regions, a KMS key with aws/secretsmanager.
  must_be_absent = {
    for key, absent in {
      "secretsmanager:AddReplicaRegions" = length(var.replica_regions) == 0
      "secretsmanager:KmsKeyArn"         = var.kms_key == "aws-managed"
      "secretsmanager:KmsKeyId"          = var.kms_key == "aws-managed"
    } : key => "true" if absent
  }

  # The statements of each role, in the order in which they appear.
  roles = {
    reader  = ["read", "list", "describe", "read_fingerprint_key", "decrypt"]
    runtime = ["read", "list", "create", "tag", "untag", "describe", "write", "delete", "replicate", "remove_replicas", "read_fingerprint_key", "decrypt", "encrypt"]
    admin   = ["read_all_versions", "list", "tag_existing", "untag", "describe_versions", "write", "delete", "replicate_existing", "remove_replicas", "read_fingerprint_key", "decrypt", "encrypt"]
  }

  # Statements that an input switches off. All others always appear.
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
  description = "The role ${each.key} for the tokens under ${var.prefix} (zoho-token-store)"
  policy      = local.policy_documents[each.key]
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(replace(local.policy_documents[each.key], " ", "")) <= 6144
      error_message = "The policy \"${each.key}\" is longer than the 6,144 characters of a managed policy. Use a shorter prefix, or fewer replica_regions or token_tags; or leave \"${each.key}\" out of policies and use its document as an inline policy of a role, which can have 10,240."
    }
  }
}
