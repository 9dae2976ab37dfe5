# Properties of the policies. rendered.tftest.hcl has the whole documents.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "managed_policies" {
  command = plan

  assert {
    condition     = { for role, policy in aws_iam_policy.role : role => policy.policy } == output.policy_documents
    error_message = "The managed policies are not the documents."
  }

  assert {
    condition     = sort([for policy in aws_iam_policy.role : policy.name]) == tolist(["zoho-token-store-admin", "zoho-token-store-reader", "zoho-token-store-runtime"])
    error_message = "The managed policies are not named by store and role."
  }
}

run "without_the_index_nothing_is_allowed_on_everything" {
  command = plan
  variables {
    tag_index = false
  }

  assert {
    condition     = !strcontains(join("", values(output.policy_documents)), "\"*\"")
    error_message = "A policy without the index has Resource \"*\"."
  }

  assert {
    condition = {
      for role, document in output.policy_documents :
      role => join(" ", sort(flatten([for statement in jsondecode(document).Statement : statement.Action])))
      } == {
      reader  = "secretsmanager:DescribeSecret secretsmanager:GetSecretValue"
      runtime = "secretsmanager:CreateSecret secretsmanager:DeleteSecret secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue secretsmanager:RestoreSecret secretsmanager:TagResource secretsmanager:UntagResource"
      admin   = "secretsmanager:DeleteSecret secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:ListSecretVersionIds secretsmanager:PutSecretValue secretsmanager:RestoreSecret secretsmanager:UntagResource"
    }
    error_message = "A role without the index may do something else than it should."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.policy_documents.runtime).Statement :
      statement.Condition["ForAllValues:StringLike"]["aws:TagKeys"] == ["managed-by"]
      if contains(["CreateTokens", "TagTokens"], statement.Sid)
    ])
    error_message = "The tags of the index may be set though it is off."
  }
}

# With all inputs that add statements.
run "whatever_is_on_only_two_actions_take_no_resource" {
  command = apply # Of mocks: only then does the created KMS key have its ARN.
  variables {
    prefix               = "crm/production/tokens/"
    kms_key              = "create"
    fingerprint_key      = "create"
    keep_fingerprint_key = false # The test destroys it.
    replica_regions      = ["us-east-1", "eu-west-1"]
    token_tags           = { team = "crm", "cost centre" = "7" }
  }

  assert {
    condition = distinct(flatten([
      for document in values(output.policy_documents) : [
        for statement in jsondecode(document).Statement : statement.Action if contains(statement.Resource, "*")
      ]
    ])) == tolist(["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"])
    error_message = "Another action than ListSecrets and BatchGetSecretValue is allowed on everything."
  }

  assert {
    condition = alltrue(flatten([
      for document in values(output.policy_documents) : [
        for statement in jsondecode(document).Statement : [
          for resource in statement.Resource :
          can(regex("^arn:aws:secretsmanager:(eu-central-1|eu-west-1|us-east-1):123456789012:secret:crm/production/tokens(/[*]|-fingerprint-key-[?]{6})$", resource))
          || resource == output.kms_key_arn
        ] if !contains(statement.Resource, "*")
      ]
    ]))
    error_message = "A policy reaches further than the tokens, the fingerprint key and the KMS key."
  }

  assert {
    condition = alltrue(flatten([
      for document in values(output.policy_documents) : [
        for statement in jsondecode(document).Statement : [
          for action in statement.Action : !strcontains(action, "*") && statement.Effect == "Allow"
        ]
      ]
    ]))
    error_message = "A policy allows actions by a wildcard."
  }

  assert {
    condition = {
      for role, document in output.policy_documents : role => [for statement in jsondecode(document).Statement : statement.Sid]
      } == {
      reader  = ["ReadTokens", "FindAndListTokens", "DescribeTokens", "ReadFingerprintKey", "DecryptTokens"]
      runtime = ["ReadTokens", "FindAndListTokens", "CreateTokens", "TagTokens", "UntagTokens", "DescribeTokens", "WriteTokens", "DeleteTokens", "ReplicateTokens", "RemoveReplicas", "ReadFingerprintKey", "DecryptTokens", "EncryptTokens"]
      admin   = ["ReadTokens", "FindAndListTokens", "TagTokens", "UntagTokens", "DescribeTokens", "WriteTokens", "DeleteTokens", "ReplicateTokens", "RemoveReplicas", "ReadFingerprintKey", "DecryptTokens", "EncryptTokens"]
    }
    error_message = "The statements of a role are not those it should have."
  }

  assert {
    condition     = !strcontains(output.policy_documents.reader, "kms:GenerateDataKey")
    error_message = "The reader may encrypt."
  }
}

run "replicas" {
  command = plan
  variables {
    replica_regions = ["us-east-1", "eu-west-1"]
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(output.policy_documents.runtime).Statement : statement
      if contains(["ReadTokens", "FindAndListTokens", "CreateTokens", "ReplicateTokens", "RemoveReplicas"], statement.Sid)
      ]) == jsonencode([
      {
        Sid    = "ReadTokens"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*",
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:zoho/tokens/*",
          "arn:aws:secretsmanager:us-east-1:123456789012:secret:zoho/tokens/*",
        ]
        Condition = {
          StringEqualsIfExists = { "secretsmanager:VersionStage" = "AWSCURRENT" }
          Null                 = { "secretsmanager:VersionId" = "true" }
        }
      },
      {
        Sid       = "FindAndListTokens"
        Effect    = "Allow"
        Action    = ["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"]
        Resource  = ["*"]
        Condition = { StringEquals = { "aws:RequestedRegion" = ["eu-central-1", "eu-west-1", "us-east-1"] } }
      },
      {
        Sid      = "CreateTokens"
        Effect   = "Allow"
        Action   = ["secretsmanager:CreateSecret"]
        Resource = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*"]
        Condition = {
          StringEquals                = { "aws:RequestTag/managed-by" = "zoho-token-store" }
          "ForAllValues:StringLike"   = { "aws:TagKeys" = ["managed-by", "zoho-token-store:*"] }
          "ForAllValues:StringEquals" = { "secretsmanager:AddReplicaRegions" = ["eu-west-1", "us-east-1"] }
          BoolIfExists                = { "secretsmanager:ForceOverwriteReplicaSecret" = "false" }
          Null                        = { "secretsmanager:KmsKeyArn" = "true", "secretsmanager:KmsKeyId" = "true" }
        }
      },
      {
        Sid      = "ReplicateTokens"
        Effect   = "Allow"
        Action   = ["secretsmanager:ReplicateSecretToRegions"]
        Resource = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*"]
        Condition = {
          StringEqualsIfExists        = { "aws:ResourceTag/managed-by" = "zoho-token-store" }
          "ForAllValues:StringEquals" = { "secretsmanager:AddReplicaRegions" = ["eu-west-1", "us-east-1"] }
          BoolIfExists                = { "secretsmanager:ForceOverwriteReplicaSecret" = "false" }
        }
      },
      {
        Sid       = "RemoveReplicas"
        Effect    = "Allow"
        Action    = ["secretsmanager:RemoveRegionsFromReplication"]
        Resource  = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/*"]
        Condition = { StringEquals = { "aws:ResourceTag/managed-by" = "zoho-token-store" } }
      },
    ])
    error_message = "The statements about replicas are not what they should be."
  }
}

# A deleted token is in the version before the current one.
run "earlier_versions_are_for_the_admin" {
  command = plan

  assert {
    condition = {
      for role, document in output.policy_documents : role => jsonencode([
        for statement in jsondecode(document).Statement : try(statement.Condition, null) if statement.Sid == "ReadTokens"
      ])
      } == {
      reader  = jsonencode([{ StringEqualsIfExists = { "secretsmanager:VersionStage" = "AWSCURRENT" }, Null = { "secretsmanager:VersionId" = "true" } }])
      runtime = jsonencode([{ StringEqualsIfExists = { "secretsmanager:VersionStage" = "AWSCURRENT" }, Null = { "secretsmanager:VersionId" = "true" } }])
      admin   = jsonencode([null])
    }
    error_message = "A role can read other versions of a token than it should."
  }
}

run "new_tokens_have_the_kms_key" {
  command = plan
  variables {
    kms_key    = "existing"
    kms_key_id = "alias/tokens"
  }

  assert {
    condition = one([
      for statement in jsondecode(output.policy_documents.runtime).Statement : statement.Condition if statement.Sid == "CreateTokens"
      ]).StringEquals == {
      "aws:RequestTag/managed-by" = "zoho-token-store"
      "secretsmanager:KmsKeyArn"  = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
    }
    error_message = "New tokens can have another KMS key than the given one."
  }
}

run "new_tokens_have_no_kms_key_of_their_own" {
  command = plan

  assert {
    condition = one([
      for statement in jsondecode(output.policy_documents.runtime).Statement : statement.Condition if statement.Sid == "CreateTokens"
      ]).Null == {
      "secretsmanager:AddReplicaRegions" = "true"
      "secretsmanager:KmsKeyArn"         = "true"
      "secretsmanager:KmsKeyId"          = "true"
    }
    error_message = "New tokens can have another KMS key than aws/secretsmanager, or replicas."
  }
}

run "only_tags_of_the_index_are_removed" {
  command = plan
  variables {
    token_tags = { team = "crm" }
  }

  assert {
    condition = {
      for role, document in output.policy_documents : role => jsonencode([
        for statement in jsondecode(document).Statement : statement.Condition if contains(statement.Action, "secretsmanager:UntagResource")
      ]) if role != "reader"
      } == {
      for role in ["runtime", "admin"] : role => jsonencode([{
        StringEquals              = { "aws:ResourceTag/managed-by" = "zoho-token-store" }
        "ForAllValues:StringLike" = { "aws:TagKeys" = ["zoho-token-store:*"] }
      }])
    }
    error_message = "Other tags than those of the index can be removed, or those of other secrets."
  }

  assert {
    condition     = !strcontains(output.policy_documents.reader, "Tag")
    error_message = "The reader can change tags."
  }
}

run "deletion_by_force_and_own_tags" {
  command = plan
  variables {
    recovery_window_days = 0
    token_tags           = { team = "crm" }
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(output.policy_documents.admin).Statement : statement.Condition if statement.Sid == "DeleteTokens"
    ]) == jsonencode([{ StringEquals = { "aws:ResourceTag/managed-by" = "zoho-token-store" } }])
    error_message = "Who is to delete by force may not."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(output.policy_documents.runtime).Statement :
      statement.Condition["ForAllValues:StringLike"]["aws:TagKeys"] == ["managed-by", "zoho-token-store:*", "team"]
      if contains(["CreateTokens", "TagTokens"], statement.Sid)
    ])
    error_message = "The tags that may be set are not those of the store and token_tags."
  }
}

run "documents_without_managed_policies" {
  command = plan
  variables {
    policies = []
  }

  assert {
    condition     = length(aws_iam_policy.role) == 0 && output.policy_arns == {} && length(output.policy_documents) == 3
    error_message = "There are managed policies, or not all documents."
  }
}

run "other_partitions" {
  command = plan
  variables {
    kms_key    = "existing"
    kms_key_id = "alias/tokens"
  }
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  override_data {
    target = data.aws_region.current
    values = { id = "cn-north-1" }
  }
  override_data {
    target = data.aws_kms_key.given
    values = {
      arn                      = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
      enabled                  = true
      key_manager              = "CUSTOMER"
      key_usage                = "ENCRYPT_DECRYPT"
      customer_master_key_spec = "SYMMETRIC_DEFAULT"
    }
  }

  assert {
    condition     = output.token_arn_pattern == "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:zoho/tokens/*"
    error_message = "The ARNs are not of the partition."
  }

  assert {
    condition = one([
      for statement in jsondecode(output.policy_documents.reader).Statement :
      statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "DecryptTokens"
    ]) == ["secretsmanager.cn-north-1.amazonaws.com", "secretsmanager.cn-north-1.amazonaws.com.cn"]
    error_message = "The name of Secrets Manager for KMS is not of the partition."
  }
}
