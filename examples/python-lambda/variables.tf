# The inputs.

variable "zips" {
  description = "The folder with the zips that `make python-layer` has built."
  type        = string
  default     = "../../target/zips/python"
}

variable "architecture" {
  description = "The function's processor: `x86_64` or `arm64`."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture is `x86_64` or `arm64`."
  }
}

variable "name" {
  description = "The name of the function, and the beginning of all other names."
  type        = string
  default     = "zoho-crm-python"
}

variable "prefix" {
  description = "The prefix of the secrets' names; ends in `/`."
  type        = string
  default     = "zoho/tokens/"
}
