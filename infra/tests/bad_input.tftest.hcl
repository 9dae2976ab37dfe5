# `terraform plan` refuses bad input. A run is slow, so each has one bad value for several variables.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "empty" {
  command = plan
  variables {
    prefix                 = ""
    name                   = ""
    token_tags             = { "" = "x" }
    replica_regions        = [""]
    kms_key                = ""
    kms_key_id             = ""
    fingerprint_key        = ""
    fingerprint_key_secret = ""
    policies               = [""]
  }
  expect_failures = [
    var.prefix, var.name, var.token_tags, var.replica_regions, var.kms_key, var.kms_key_id,
    var.fingerprint_key, var.fingerprint_key_secret, var.policies,
  ]
}

run "wildcards" {
  command = plan
  variables {
    prefix                 = "*"
    name                   = "*"
    token_tags             = { "*" = "x" }
    replica_regions        = ["*"]
    kms_key_id             = "alias/*"
    fingerprint_key_secret = "zoho/*"
    policies               = ["*"]
  }
  expect_failures = [
    var.prefix, var.name, var.token_tags, var.replica_regions, var.kms_key_id, var.fingerprint_key_secret, var.policies,
  ]
}

run "wildcards_within" {
  command = plan
  variables {
    prefix                 = "zoho/*/"
    name                   = "zoho*"
    token_tags             = { "AWS:x" = "x" }
    replica_regions        = ["eu-*-1"]
    kms_key_id             = "arn:aws:kms:*:123456789012:alias/tokens"
    fingerprint_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/key-??????"
  }
  expect_failures = [
    var.prefix, var.name, var.token_tags, var.replica_regions, var.kms_key_id, var.fingerprint_key_secret,
  ]
}

run "policy_variable" {
  command = plan
  variables {
    prefix     = "$${aws:username}/"
    token_tags = { "$${aws:username}" = "x" }
  }
  expect_failures = [var.prefix, var.token_tags]
}

run "no_separator_at_the_end" {
  command = plan
  variables {
    prefix               = "zoho/tokens"
    recovery_window_days = 6
    token_tags           = { "a=b" = "x" }
    kms_key              = "mine"
    kms_key_id           = "my-key"
    fingerprint_key      = "random"
    settings             = { attempt_timeout_seconds = 0 }
    alarms               = { cloudtrail_log_group = "trail", deletions = 0 }
  }
  expect_failures = [
    var.prefix, var.recovery_window_days, var.token_tags, var.kms_key, var.kms_key_id, var.fingerprint_key, var.settings, var.alarms,
  ]
}

run "only_a_separator" {
  command = plan
  variables {
    prefix               = "/"
    recovery_window_days = 31
    token_tags           = { managed-by = "me" }
    tags                 = { managed-by = "zoho-token-store" }
    settings             = { serve_stale_seconds = 86401 }
    alarms               = { cloudtrail_log_group = "trail", period_seconds = 90 }
  }
  expect_failures = [var.prefix, var.recovery_window_days, var.token_tags, var.tags, var.settings, var.alarms]
}

run "separator_at_the_beginning" {
  command = plan
  variables {
    prefix                 = "/zoho/"
    name                   = "-zoho"
    recovery_window_days   = -1
    token_tags             = { "zoho-token-store:user" = "x" }
    kms_key_id             = "alias/aws/secretsmanager"
    fingerprint_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/key" # Incomplete.
    settings               = { cache_capacity = -1 }
  }
  expect_failures = [
    var.prefix, var.name, var.recovery_window_days, var.token_tags, var.kms_key_id, var.fingerprint_key_secret, var.settings,
  ]
}

run "a_cache_of_no_bytes" {
  command = plan
  variables {
    settings = { cache_bytes = 0 }
  }
  expect_failures = [var.settings]
}

run "misspelled_settings" {
  command = plan
  variables {
    settings = { cache_capcity = 5, writes_per_sec = 5, timeout = 5, ttl = 5, x = 5, CACHE_BYTES = null, cache_bytes = 5 }
  }
  expect_failures = [output.environment]

  assert {
    condition = local.nearest_settings == {
      CACHE_BYTES    = ["cache_bytes"]
      cache_capcity  = ["cache_capacity"]
      timeout        = ["attempt_timeout_seconds", "operation_timeout_seconds"]
      ttl            = ["cache_ttl_seconds"]
      writes_per_sec = ["writes_per_second"]
      x              = []
    }
    error_message = "The error suggests other settings: ${jsonencode(local.nearest_settings)}."
  }
}

run "two_separators" {
  command = plan
  variables {
    prefix               = "zoho//tokens/"
    name                 = "zoho/tokens"
    recovery_window_days = 7.5
    replica_regions      = ["Frankfurt"]
    token_tags           = { team = "a,b" } # The comma separates tags in ZOHO_TOKEN_STORE_TAGS.
    settings             = { cache_ttl_seconds = 0.5 }
  }
  expect_failures = [var.prefix, var.name, var.recovery_window_days, var.replica_regions, var.token_tags, var.settings]
}

run "line_end" {
  command = plan
  variables {
    prefix               = "zoho/\n"
    recovery_window_days = 1
    token_tags           = { " team" = "x" }
  }
  expect_failures = [var.prefix, var.recovery_window_days, var.token_tags]
}

run "too_long" {
  command = plan
  variables {
    prefix     = "${join("", [for number in range(96) : "zo"])}/"
    name       = join("", [for number in range(65) : "z"])
    token_tags = { for number in range(42) : "tag${number}" => "x" }
  }
  expect_failures = [var.prefix, var.name, var.token_tags]
}

# Checks of more than one input, or with data from AWS.

run "replica_in_the_primary_region" {
  command = plan
  variables {
    replica_regions = ["eu-central-1"]
  }
  expect_failures = [output.environment]
}

run "no_existing_kms_key" {
  command = plan
  variables {
    kms_key = "existing"
  }
  expect_failures = [data.aws_kms_key.given]
}

run "kms_key_of_aws" {
  command = plan
  variables {
    kms_key    = "existing"
    kms_key_id = "1234abcd-12ab-44cd-86ef-1234567890ab"
  }
  override_data {
    target = data.aws_kms_key.given
    values = {
      arn                      = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
      enabled                  = true
      key_manager              = "AWS"
      key_usage                = "ENCRYPT_DECRYPT"
      customer_master_key_spec = "SYMMETRIC_DEFAULT"
    }
  }
  expect_failures = [data.aws_kms_key.given]
}

run "kms_key_disabled" {
  command = plan
  variables {
    kms_key    = "existing"
    kms_key_id = "1234abcd-12ab-44cd-86ef-1234567890ab"
  }
  override_data {
    target = data.aws_kms_key.given
    values = {
      arn                      = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-44cd-86ef-1234567890ab"
      enabled                  = false
      key_manager              = "CUSTOMER"
      key_usage                = "ENCRYPT_DECRYPT"
      customer_master_key_spec = "SYMMETRIC_DEFAULT"
    }
  }
  expect_failures = [data.aws_kms_key.given]
}

run "kms_key_elsewhere" {
  command = plan
  variables {
    kms_key    = "existing"
    kms_key_id = "mrk-1234abcd12ab44cd86ef1234567890ab"
  }
  override_data {
    target = data.aws_kms_key.given
    values = {
      arn                      = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab44cd86ef1234567890ab"
      enabled                  = true
      key_manager              = "CUSTOMER"
      key_usage                = "ENCRYPT_DECRYPT"
      customer_master_key_spec = "SYMMETRIC_DEFAULT"
    }
  }
  expect_failures = [data.aws_kms_key.given]
}

run "kms_key_id_without_existing" {
  command = plan
  variables {
    kms_key_id = "alias/tokens"
  }
  expect_failures = [output.environment]
}

run "no_existing_fingerprint_key" {
  command = plan
  variables {
    fingerprint_key = "existing"
  }
  expect_failures = [output.environment]
}

run "fingerprint_key_secret_without_existing" {
  command = plan
  variables {
    fingerprint_key        = "create"
    fingerprint_key_secret = "zoho/key"
  }
  expect_failures = [output.environment]
}

run "fingerprint_key_below_the_prefix" {
  command = plan
  variables {
    fingerprint_key        = "existing"
    fingerprint_key_secret = "zoho/tokens/key"
  }
  expect_failures = [output.environment]
}

run "fingerprint_key_below_the_prefix_by_arn" {
  command = plan
  variables {
    fingerprint_key        = "existing"
    fingerprint_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:zoho/tokens/key-AbCdEf"
  }
  expect_failures = [output.environment]
}

run "fingerprint_key_in_another_account" {
  command = plan
  variables {
    fingerprint_key        = "existing"
    fingerprint_key_secret = "arn:aws:secretsmanager:eu-central-1:210987654321:secret:zoho/key-AbCdEf"
  }
  expect_failures = [output.environment]
}

run "policy_too_long" {
  command = plan
  variables {
    token_tags = { for number in range(25) : format("%0127d", number) => "x" }
  }
  expect_failures = [aws_iam_policy.role]
}
