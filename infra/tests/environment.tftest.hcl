# The settings of the store, and the secret with the fingerprint key.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "defaults" {
  command = plan

  assert {
    condition = output.environment == {
      ZOHO_TOKEN_STORE_PREFIX               = "zoho/tokens/"
      ZOHO_TOKEN_STORE_TAG_INDEX            = "on"
      ZOHO_TOKEN_STORE_RECOVERY_WINDOW_DAYS = "7"
    }
    error_message = "The settings are not the defaults."
  }

  assert {
    condition     = length(aws_secretsmanager_secret.fingerprint_key) == 0 && output.fingerprint_key_secret == null
    error_message = "There is a fingerprint key."
  }

  assert {
    condition     = length(aws_kms_key.tokens) == 0 && output.kms_key_arn == null
    error_message = "There is a KMS key."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.alarm) == 0 && length(aws_vpc_endpoint.secrets_manager) == 0
    error_message = "There are alarms or an endpoint."
  }
}

run "everything" {
  command = plan
  variables {
    prefix               = "crm/production/tokens/"
    tag_index            = false
    recovery_window_days = 30
    token_tags           = { team = "crm", stage = "test=1" }
    replica_regions      = ["us-east-1", "eu-west-1"]
    kms_key              = "existing"
    kms_key_id           = "alias/tokens"
    fingerprint_key      = "create"
    settings = {
      cache_capacity            = 0
      cache_bytes               = 64000000
      cache_ttl_seconds         = 60
      serve_stale_seconds       = 0
      attempt_timeout_seconds   = 3
      operation_timeout_seconds = 10
      writes_per_second         = 20
    }
  }

  assert {
    condition = output.environment == {
      ZOHO_TOKEN_STORE_PREFIX                    = "crm/production/tokens/"
      ZOHO_TOKEN_STORE_TAG_INDEX                 = "off"
      ZOHO_TOKEN_STORE_RECOVERY_WINDOW_DAYS      = "30"
      ZOHO_TOKEN_STORE_TAGS                      = "stage=test=1,team=crm"
      ZOHO_TOKEN_STORE_REPLICA_REGIONS           = "eu-west-1,us-east-1"
      ZOHO_TOKEN_STORE_KMS_KEY_ID                = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
      ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET    = "crm/production/tokens-fingerprint-key"
      ZOHO_TOKEN_STORE_CACHE_CAPACITY            = "0"
      ZOHO_TOKEN_STORE_CACHE_BYTES               = "64000000"
      ZOHO_TOKEN_STORE_CACHE_TTL_SECONDS         = "60"
      ZOHO_TOKEN_STORE_SERVE_STALE_SECONDS       = "0"
      ZOHO_TOKEN_STORE_ATTEMPT_TIMEOUT_SECONDS   = "3"
      ZOHO_TOKEN_STORE_OPERATION_TIMEOUT_SECONDS = "10"
      ZOHO_TOKEN_STORE_WRITES_PER_SECOND         = "20"
    }
    error_message = "The settings are not what the inputs say."
  }

  assert {
    condition     = output.container_environment == [for name in keys(output.environment) : { name = name, value = output.environment[name] }]
    error_message = "The settings for a container are others."
  }

  assert {
    condition = (
      aws_secretsmanager_secret.fingerprint_key[0].name == "crm/production/tokens-fingerprint-key"
      && aws_secretsmanager_secret.fingerprint_key[0].recovery_window_in_days == 30
      && sort([for replica in aws_secretsmanager_secret.fingerprint_key[0].replica : replica.region]) == tolist(["eu-west-1", "us-east-1"])
    )
    error_message = "The secret for the fingerprint key is not beside the tokens, or not where they are."
  }

  # AWS takes a name that ends so for the end of another secret's ARN.
  assert {
    condition     = !can(regex("-.{6}$", output.fingerprint_key_secret))
    error_message = "The name of the fingerprint key's secret ends in a hyphen and six characters."
  }
}

# That only the other one is protected is tested by infra/test, which destroys the examples.
run "disposable_fingerprint_key" {
  command = plan
  variables {
    fingerprint_key      = "create"
    keep_fingerprint_key = false
    recovery_window_days = 0
  }

  assert {
    condition = (
      length(aws_secretsmanager_secret.fingerprint_key) == 0
      && aws_secretsmanager_secret.disposable_fingerprint_key[0].name == "zoho/tokens-fingerprint-key"
      && aws_secretsmanager_secret.disposable_fingerprint_key[0].recovery_window_in_days == 0
    )
    error_message = "The secret is protected, has another name, or is not deleted at once."
  }

  assert {
    condition     = output.environment.ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET == "zoho/tokens-fingerprint-key"
    error_message = "The settings do not name the secret."
  }
}

run "kept_fingerprint_key" {
  command = plan
  variables {
    fingerprint_key      = "create"
    recovery_window_days = 0
  }

  assert {
    condition = (
      length(aws_secretsmanager_secret.disposable_fingerprint_key) == 0
      && aws_secretsmanager_secret.fingerprint_key[0].recovery_window_in_days == 30
    )
    error_message = "The fingerprint key is not kept, or could be deleted without a recovery window."
  }
}

run "fingerprint_key_given_by_name" {
  command = plan
  variables {
    fingerprint_key        = "existing"
    fingerprint_key_secret = "zoho/tokens-key"
    replica_regions        = ["eu-west-1"]
  }

  assert {
    condition     = output.environment.ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET == "zoho/tokens-key" && length(aws_secretsmanager_secret.fingerprint_key) == 0
    error_message = "The given secret is not used, or one is made."
  }

  assert {
    condition = alltrue([
      for document in values(output.policy_documents) : one([
        for statement in jsondecode(document).Statement : jsonencode(statement) if statement.Sid == "ReadFingerprintKey"
        ]) == jsonencode({
        Sid    = "ReadFingerprintKey"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens-key-??????",
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:zoho/tokens-key-??????",
        ]
        Condition = {
          StringEquals = { "secretsmanager:VersionStage" = ["AWSCURRENT", "AWSPREVIOUS"] }
          Null         = { "secretsmanager:VersionId" = "true" }
        }
      })
    ])
    error_message = "Not every role may read the fingerprint key, or one may more."
  }
}

run "fingerprint_key_given_by_arn" {
  command = plan
  variables {
    fingerprint_key        = "existing"
    fingerprint_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/key-AbCdEf"
  }

  assert {
    condition = alltrue([
      for document in values(output.policy_documents) : one([
        for statement in jsondecode(document).Statement : statement.Resource if statement.Sid == "ReadFingerprintKey"
      ]) == ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/key-AbCdEf"]
    ])
    error_message = "The roles may read another secret than the given one."
  }
}
