# The inputs.

variable "package" {
  description = "The zip file with the function's `bootstrap`, as `cargo lambda build --release --arm64 --output-format zip` makes it."
  type        = string
}

variable "name" {
  description = "The name of the function, and what the names of everything else begin with."
  type        = string
  default     = "zoho-crm"
}

variable "prefix" {
  description = "What the names of the tokens' secrets begin with."
  type        = string
  default     = "zoho/tokens/"
}
