# The account and region, and the ARNs that several files use.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  # Not `name`, which is deprecated in version 6 of the provider, and not `region`, which version 5 lacks.
  region = data.aws_region.current.id

  replica_regions = sort(var.replica_regions)
  regions         = concat([local.region], local.replica_regions)

  # The beginning of a secret's ARN in each region, the primary region first.
  secret_arns = [for region in local.regions : "arn:${local.partition}:secretsmanager:${region}:${local.account}:secret:"]
  # The tokens. A replica's ARN differs from its primary's in the region only.
  token_arns = [for arn in local.secret_arns : "${arn}${var.prefix}*"]
  token_arn  = local.token_arns[0]
}
