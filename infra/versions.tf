# What the module needs. The value of a fingerprint key needs more: see modules/fingerprint-key.

terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
