# The inputs.

variable "image" {
  description = "The container image of the program, which calls SecretsManagerTokenStore::from_env()."
  type        = string
}

variable "name" {
  description = "The name of cluster, service and task, and what the names of everything else begin with."
  type        = string
  default     = "zoho-crm"
}

variable "prefix" {
  description = "What the names of the tokens' secrets begin with."
  type        = string
  default     = "zoho/tokens/"
}

variable "subnet_ids" {
  description = "Where the service's tasks run; none for a task definition without a service. They need a way to Secrets Manager: a NAT gateway, or the module's vpc_endpoint."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "The security groups of the service's tasks."
  type        = list(string)
  default     = []
}

variable "tasks" {
  description = "How many tasks the service runs. They share the tokens."
  type        = number
  default     = 2
}
