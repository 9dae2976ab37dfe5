# Applies the module to LocalStack, where it must come out as it was planned.

run "apply" {
  assert {
    condition     = { for role, policy in output.stored_policies : role => jsondecode(policy) } == { for role, document in output.token_store.policy_documents : role => jsondecode(document) }
    error_message = "IAM has other policies than the documents."
  }

  assert {
    condition     = output.fingerprint_key.name == "test-${var.run}/tokens-fingerprint-key" && output.fingerprint_key.version_id != ""
    error_message = "There is no fingerprint key in its secret."
  }

  # The module was given the alias.
  assert {
    condition = (
      output.token_store.kms_key_arn == aws_kms_key.given[0].arn && output.fingerprint_key.kms_key_id == aws_kms_key.given[0].arn
      && output.token_store.environment.ZOHO_TOKEN_STORE_KMS_KEY_ID == aws_kms_key.given[0].arn
      && strcontains(output.stored_policies.reader, aws_kms_key.given[0].arn)
    )
    error_message = "Settings, policies or the fingerprint key are not about the given KMS key."
  }
}
