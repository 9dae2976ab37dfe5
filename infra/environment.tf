# The settings of the store, as its environment variables. The README of the crate has the table of all.

locals {
  # By what is known at plan time, so that the names of the variables are too.
  environment = merge(
    {
      ZOHO_TOKEN_STORE_PREFIX               = var.prefix
      ZOHO_TOKEN_STORE_TAG_INDEX            = var.tag_index ? "on" : "off"
      ZOHO_TOKEN_STORE_RECOVERY_WINDOW_DAYS = tostring(var.recovery_window_days)
    },
    { for value in [local.kms_key_arn] : "ZOHO_TOKEN_STORE_KMS_KEY_ID" => value if var.kms_key != "aws-managed" },
    { for value in [local.fingerprint_key_secret] : "ZOHO_TOKEN_STORE_FINGERPRINT_KEY_SECRET" => value if var.fingerprint_key != "none" },
    { for value in [join(",", local.replica_regions)] : "ZOHO_TOKEN_STORE_REPLICA_REGIONS" => value if length(var.replica_regions) > 0 },
    {
      for value in [join(",", [for key, value in var.token_tags : "${key}=${value}"])] :
      "ZOHO_TOKEN_STORE_TAGS" => value if length(var.token_tags) > 0
    },
    { for name, number in var.settings : "ZOHO_TOKEN_STORE_${upper(name)}" => tostring(number) if number != null },
  )
}
