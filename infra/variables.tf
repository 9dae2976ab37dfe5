# The inputs, each with what is allowed.

variable "name" {
  description = "What the names of the policies, the KMS alias, the alarms and the endpoint begin with. Policies are global: use another name for each store and region of an account."
  type        = string
  default     = "zoho-token-store"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", var.name))
    error_message = "name must be 1 to 64 letters, digits, _ and -, and begin with a letter or digit."
  }
}

variable "tags" {
  description = "Tags of what the module makes. Not of the tokens: those are token_tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(keys(var.tags), "managed-by")
    error_message = "tags must not have the key managed-by: it is how the store knows its tokens, and the fingerprint key is none."
  }
}

variable "prefix" {
  description = "What the names of the tokens' secrets begin with. Keep nothing else below it."
  type        = string
  default     = "zoho/tokens/"
  nullable    = false

  validation {
    condition     = length(var.prefix) <= 192 && can(regex("^([A-Za-z0-9_+=.@-]+/)+$", var.prefix))
    error_message = "prefix must be 1 to 192 letters, digits and /_+=.@- that end in / and have no empty part (no / at the beginning, no //), such as \"zoho/tokens/\". There are no wildcards: every policy is for all names that begin with the prefix."
  }
}

variable "tag_index" {
  description = "Whether tokens are found by every key. Without the index no policy has Resource \"*\", and nothing can be listed."
  type        = bool
  default     = true
  nullable    = false
}

variable "recovery_window_days" {
  description = "For how many days a deleted token can be restored: 7 to 30, or 0 to delete by force. The fingerprint key has the same."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = contains(concat([0], range(7, 31)), var.recovery_window_days)
    error_message = "recovery_window_days must be a whole number from 7 to 30, or 0 to delete by force."
  }
}

variable "token_tags" {
  description = "More tags for every token's secret. They are not confidential."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.token_tags) <= 37 && alltrue([
      for key, value in var.token_tags : can(regex("^[\\pL\\pN+._:/@-]([\\pL\\pN +._:/@-]{0,125}[\\pL\\pN+._:/@-])?$", key))
      && can(regex("^([\\pL\\pN+=._:/@-]([\\pL\\pN +=._:/@-]{0,253}[\\pL\\pN+=._:/@-])?)?$", value))
      && !startswith(lower(key), "aws:") && !startswith(key, "zoho-token-store:") && key != "managed-by"
    ])
    error_message = "token_tags must be at most 37 tags with keys of 1 to 127 and values of up to 255 letters, digits, spaces and + - . _ : / @ (values also =), no spaces at the ends. Not aws:…, zoho-token-store:… and managed-by, which AWS and the store use."
  }
}

variable "replica_regions" {
  description = "The regions that every token is replicated to. The replicas are encrypted with the key aws/secretsmanager of their region."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.replica_regions : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region))])
    error_message = "replica_regions must be names of AWS regions, such as \"eu-west-1\"."
  }
}

variable "kms_key" {
  description = "The key that tokens are encrypted with: \"aws-managed\" for aws/secretsmanager, \"create\" for a new key, \"existing\" for the one in kms_key_id."
  type        = string
  default     = "aws-managed"
  nullable    = false

  validation {
    condition     = contains(["aws-managed", "create", "existing"], var.kms_key)
    error_message = "kms_key must be \"aws-managed\", \"create\" or \"existing\"."
  }
}

variable "kms_key_id" {
  description = "With kms_key = \"existing\": the id, ARN or alias of that key, in this region. Its key policy must leave it to IAM policies who may use it."
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
    error_message = "kms_key_id must not be an AWS managed key (alias/aws/…). For aws/secretsmanager set kms_key = \"aws-managed\" and leave kms_key_id out."
  }
}

variable "fingerprint_key" {
  description = "The key of the fingerprints in tags and ids: \"none\", \"create\" for a new secret without a value (modules/fingerprint-key or you put one in), \"existing\" for the one in fingerprint_key_secret."
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
  description = "With fingerprint_key = \"existing\": the name or complete ARN of that secret, in this account and region."
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
  description = "Which managed policies are made, of runtime, reader and admin. All three are in the output policy_documents anyway."
  type        = set(string)
  default     = ["runtime", "reader", "admin"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.policies, ["runtime", "reader", "admin"])) == 0
    error_message = "policies must be a set of \"runtime\", \"reader\" and \"admin\"."
  }
}

variable "alarms" {
  description = "CloudWatch alarms on throttled calls and on deletions, from the log group that CloudTrail writes to; null for none. They sound at that many in a period."
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
    error_message = "alarms.throttled_calls and alarms.deletions must be 1 or more."
  }

  validation {
    condition     = var.alarms == null ? true : var.alarms.period_seconds >= 60 && var.alarms.period_seconds % 60 == 0
    error_message = "alarms.period_seconds must be 60 or a multiple of it."
  }
}

variable "vpc_endpoint" {
  description = "An interface endpoint for Secrets Manager, so that its calls stay in the VPC; null for none. All of the VPC's calls to Secrets Manager go through it."
  type = object({
    vpc_id             = string
    subnet_ids         = list(string)
    security_group_ids = list(string)
    service_name       = optional(string)
  })
  default = null
}
