# The inputs.

variable "image" {
  description = "The container image of the program, which calls SecretsManagerTokenStore::from_env()."
  type        = string
}

variable "name" {
  description = "The name of cluster, service and task, and the beginning of all other names."
  type        = string
  default     = "zoho-crm"
}

variable "prefix" {
  description = "The beginning of the names of the tokens' secrets."
  type        = string
  default     = "zoho/tokens/"
}

variable "keep_fingerprint_key" {
  description = "Whether Terraform refuses to destroy the fingerprint key; false for a temporary service."
  type        = bool
  default     = true
}

variable "subnet_ids" {
  description = "The subnets of the service's tasks; none for a task definition without a service. The tasks need a route to Secrets Manager: a NAT gateway, or the module's vpc_endpoint."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "The security groups of the service's tasks."
  type        = list(string)
  default     = []
}

variable "tasks" {
  description = "The number of tasks, which share the tokens."
  type        = number
  default     = 2
}
