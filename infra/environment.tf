# The settings of the store as environment variables.

locals {
  # The conditions use only what is known at plan time, so that the variables' names are known then, too.
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

  setting_names = toset([
    "attempt_timeout_seconds",
    "cache_bytes",
    "cache_capacity",
    "cache_ttl_seconds",
    "operation_timeout_seconds",
    "serve_stale_seconds",
    "writes_per_second",
  ])
  unknown_settings = setsubtract(keys(var.settings), local.setting_names)

  # The share of the pairs of neighbouring characters that two names have in common.
  pairs_of_characters = {
    for name in setunion(local.setting_names, local.unknown_settings) :
    name => toset([for at in range(max(length(name) - 1, 0)) : lower(substr(name, at, 2))])
  }
  similarity = {
    for unknown in local.unknown_settings : unknown => {
      for name in local.setting_names : name =>
      length(setintersection(local.pairs_of_characters[unknown], local.pairs_of_characters[name])) /
      max(1, min(length(local.pairs_of_characters[unknown]), length(local.pairs_of_characters[name])))
    }
  }
  # The most similar names; empty if none is similar.
  nearest_settings = {
    for unknown, similarity in local.similarity : unknown => [
      for name, value in similarity : name if value >= max(0.5, 0.9 * max(values(similarity)...))
    ]
  }
}
