# The inputs, with their checks.

variable "name" {
  description = "The beginning of the names of policies, KMS alias, alarms and endpoint. Policies are global, so every store and region of an account needs its own name."
  type        = string
  default     = "zoho-token-store"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", var.name))
    error_message = "name must have 1 to 64 letters, digits, _ and -, and begin with a letter or digit."
  }
}

variable "tags" {
  description = "Tags of the resources that the module creates. The tokens' tags are token_tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(keys(var.tags), "managed-by")
    error_message = "tags must not contain managed-by: it marks the store's tokens, and would mark the fingerprint key as one."
  }
}

variable "prefix" {
  description = "The beginning of the names of the tokens' secrets. Keep no other secrets under it."
  type        = string
  default     = "zoho/tokens/"
  nullable    = false

  validation {
    condition     = length(var.prefix) <= 192 && can(regex("^([A-Za-z0-9_+=.@-]+/)+$", var.prefix))
    error_message = "prefix must have at most 192 letters, digits and /_+=.@-, end in /, and contain neither // nor a / at the beginning; for example \"zoho/tokens/\". Wildcards are not supported: every policy applies to all names that begin with the prefix."
  }
}

variable "tag_index" {
  description = "Whether tokens are found by every key. Without the index, no policy needs Resource \"*\", and tokens cannot be listed."
  type        = bool
  default     = true
  nullable    = false
}

variable "recovery_window_days" {
  description = "The number of days for which a deleted token can be restored: 7 to 30, or 0 to delete at once. With keep_fingerprint_key = false, this applies to the fingerprint key, too."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = contains(concat([0], range(7, 31)), var.recovery_window_days)
    error_message = "recovery_window_days must be a whole number from 7 to 30, or 0 to delete at once."
  }
}

variable "token_tags" {
  description = "Additional tags of every token's secret. They are not confidential."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.token_tags) <= 25 && alltrue([
      for key, value in var.token_tags : can(regex("^[\\pL\\pN+._:/@-]([\\pL\\pN +._:/@-]{0,125}[\\pL\\pN+._:/@-])?$", key))
      && can(regex("^([\\pL\\pN+=._:/@-]([\\pL\\pN +=._:/@-]{0,253}[\\pL\\pN+=._:/@-])?)?$", value))
      && !startswith(lower(key), "aws:") && !startswith(key, "zoho-token-store:") && key != "managed-by"
    ])
    error_message = "token_tags must have at most 25 tags. Keys have 1 to 127 and values up to 255 letters, digits, spaces and + - . _ : / @ (values also =), without spaces at the ends. The keys aws:…, zoho-token-store:… and managed-by are reserved."
  }
}

variable "replica_regions" {
  description = "The regions to which every token is replicated. Replicas are encrypted with the key aws/secretsmanager of their region."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.replica_regions : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region))])
    error_message = "replica_regions must be names of AWS regions, such as \"eu-west-1\"."
  }
}

variable "kms_key" {
  description = "The KMS key of the tokens: \"aws-managed\" for aws/secretsmanager, \"create\" for a new key, \"existing\" for the key in kms_key_id."
  type        = string
  default     = "aws-managed"
  nullable    = false

  validation {
    condition     = contains(["aws-managed", "create", "existing"], var.kms_key)
    error_message = "kms_key must be \"aws-managed\", \"create\" or \"existing\"."
  }
}

variable "kms_key_id" {
  description = "With kms_key = \"existing\": the id, ARN or alias of the key, which must be in this region. Its key policy must allow IAM policies to control its use."
  type        = string
  default     = null

  validation {
    condition = var.kms_key_id == null || can(regex(
      "^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:)?(key/)?([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$|^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[A-Za-z0-9/_-]{1,250}$",
      var.kms_key_id
    ))
    error_message = "kms_key_id must be the id, the ARN or the alias (alias/…) of a KMS key."
  }

  validation {
    condition     = !can(regex("alias/aws/", var.kms_key_id))
    error_message = "kms_key_id must not be an AWS managed key (alias/aws/…). For aws/secretsmanager, set kms_key = \"aws-managed\" and leave kms_key_id out."
  }
}

variable "fingerprint_key" {
  description = "The secret with the key of the fingerprints in tags and ids: \"none\"; \"create\" for a new secret, into which modules/fingerprint-key or you put a key; \"existing\" for the secret in fingerprint_key_secret."
  type        = string
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "create", "existing"], var.fingerprint_key)
    error_message = "fingerprint_key must be \"none\", \"create\" or \"existing\"."
  }
}

variable "keep_fingerprint_key" {
  description = "Whether Terraform refuses to destroy or replace the secret of fingerprint_key = \"create\". Without its key, tokens cannot be found. Set it to false before the first apply if the store is temporary."
  type        = bool
  default     = true
  nullable    = false
}

variable "fingerprint_key_secret" {
  description = "With fingerprint_key = \"existing\": the name or complete ARN of the secret, which must be in this account and region."
  type        = string
  default     = null

  validation {
    condition     = var.fingerprint_key_secret == null || can(regex("^(arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}|[A-Za-z0-9/_+=.@-]{1,512})$", var.fingerprint_key_secret))
    error_message = "fingerprint_key_secret must be the name of a secret (letters, digits and /_+=.@-) or its complete ARN, with the hyphen and six characters at the end."
  }
}

variable "settings" {
  description = "Other settings of the store: attempt_timeout_seconds, cache_bytes, cache_capacity, cache_ttl_seconds, operation_timeout_seconds, serve_stale_seconds, writes_per_second. The store's defaults apply to the others."
  # Not an object type, which would drop misspelled keys without an error.
  type     = map(number)
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for number in values(var.settings) : number == null ? true : number >= 0 && floor(number) == number])
    error_message = "settings must be whole numbers that are at least 0."
  }

  validation {
    condition     = try(var.settings["cache_bytes"] >= 1, true)
    error_message = "settings.cache_bytes must be at least 1. To switch the cache off, set cache_capacity = 0."
  }

  validation {
    condition = alltrue([
      for name in ["cache_ttl_seconds", "attempt_timeout_seconds", "operation_timeout_seconds"] :
      try(var.settings[name] >= 1 && var.settings[name] <= 86400, true)
    ]) && try(var.settings["serve_stale_seconds"] <= 86400, true)
    error_message = "settings in seconds must be from 1 to 86400; serve_stale_seconds can be 0. To switch the cache off, set cache_capacity = 0."
  }
}

variable "policies" {
  description = "The roles for which managed policies are created: runtime, reader, admin. The output policy_documents always has all three."
  type        = set(string)
  default     = ["runtime", "reader", "admin"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.policies, ["runtime", "reader", "admin"])) == 0
    error_message = "policies can only contain \"runtime\", \"reader\" and \"admin\"."
  }
}

variable "alarms" {
  description = "CloudWatch alarms on at least this many throttled calls or deletions in a period, counted in CloudTrail's log group; null for none."
  type = object({
    cloudtrail_log_group = string
    actions              = optional(list(string), [])
    throttled_calls      = optional(number, 1)
    deletions            = optional(number, 50)
    period_seconds       = optional(number, 300)
  })
  default = null

  validation {
    condition     = var.alarms == null ? true : var.alarms.throttled_calls >= 1 && var.alarms.deletions >= 1
    error_message = "alarms.throttled_calls and alarms.deletions must be at least 1."
  }

  validation {
    condition     = var.alarms == null ? true : var.alarms.period_seconds >= 60 && var.alarms.period_seconds % 60 == 0
    error_message = "alarms.period_seconds must be a multiple of 60."
  }
}

variable "vpc_endpoint" {
  description = "An interface endpoint for Secrets Manager, which all of the VPC's calls to Secrets Manager then use; null for none."
  type = object({
    vpc_id             = string
    subnet_ids         = list(string)
    security_group_ids = list(string)
    service_name       = optional(string)
  })
  default = null
}
