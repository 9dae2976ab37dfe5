# The inputs.

variable "package" {
  description = "The zip file with the function's `bootstrap`, built by `cargo lambda build --release --arm64 --output-format zip`."
  type        = string
}

variable "name" {
  description = "The name of the function, and the beginning of all other names."
  type        = string
  default     = "zoho-crm"
}

variable "prefix" {
  description = "The beginning of the names of the tokens' secrets."
  type        = string
  default     = "zoho/tokens/"
}
