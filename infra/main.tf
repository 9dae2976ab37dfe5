# Where the module is applied, and what several files need of that.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  # Not `name`, which version 6 of the provider deprecates, nor `region`, which version 5 does not have.
  region = data.aws_region.current.id

  replica_regions = sort(var.replica_regions)
  regions         = concat([local.region], local.replica_regions)

  # What the ARN of a secret begins with, the primary region's first.
  secret_arns = [for region in local.regions : "arn:${local.partition}:secretsmanager:${region}:${local.account}:secret:"]
  # The tokens. Replicas have the ARN of their primary but for the region.
  token_arns = [for arn in local.secret_arns : "${arn}${var.prefix}*"]
  token_arn  = local.token_arns[0]
}
