# The whole policies, as in the files under tests/policies. The store's own tests against LocalStack run with exactly
# these permissions (tests/support/iam).
#
# After a change of the policies, the failing test prints the new content of the file.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "with_every_option" {
  command = plan

  variables {
    recovery_window_days   = 0
    kms_key                = "existing"
    kms_key_id             = "alias/tokens"
    fingerprint_key        = "existing"
    fingerprint_key_secret = "zoho/fingerprint-key"
    replica_regions        = ["eu-west-1"]
    token_tags             = { team = "crm" }
  }

  assert {
    condition     = jsonencode(output.policy_documents) == jsonencode({ for role, document in jsondecode(file("tests/policies/every_option.json")) : role => jsonencode(document) })
    error_message = "tests/policies/every_option.json should be {${join(", ", [for role, document in output.policy_documents : "\"${role}\": ${document}"])}}"
  }
}

run "with_the_fewest_options" {
  command = plan

  variables {
    tag_index = false
  }

  assert {
    condition     = jsonencode(output.policy_documents) == jsonencode({ for role, document in jsondecode(file("tests/policies/fewest_options.json")) : role => jsonencode(document) })
    error_message = "tests/policies/fewest_options.json should be {${join(", ", [for role, document in output.policy_documents : "\"${role}\": ${document}"])}}"
  }
}

run "with_the_defaults" {
  command = plan

  assert {
    condition     = jsonencode(output.policy_documents) == jsonencode({ for role, document in jsondecode(file("tests/policies/defaults.json")) : role => jsonencode(document) })
    error_message = "tests/policies/defaults.json should be {${join(", ", [for role, document in output.policy_documents : "\"${role}\": ${document}"])}}"
  }
}
