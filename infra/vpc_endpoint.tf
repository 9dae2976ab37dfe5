# An interface endpoint that keeps calls to Secrets Manager in the VPC.

resource "aws_vpc_endpoint" "secrets_manager" {
  count               = var.vpc_endpoint == null ? 0 : 1
  vpc_id              = var.vpc_endpoint.vpc_id
  subnet_ids          = var.vpc_endpoint.subnet_ids
  security_group_ids  = var.vpc_endpoint.security_group_ids
  service_name        = coalesce(var.vpc_endpoint.service_name, "com.amazonaws.${local.region}.secretsmanager")
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  tags                = merge(var.tags, { Name = var.name })

  # No secret can be copied to another account through the endpoint. The policy is not limited to the prefix, because
  # private DNS sends all of the VPC's calls to Secrets Manager here. Roles are limited by their own policies.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OwnAccountOnly"
      Effect    = "Allow"
      Principal = "*"
      Action    = "secretsmanager:*"
      Resource  = "*"
      Condition = {
        StringEquals         = { "aws:PrincipalAccount" = local.account }
        StringEqualsIfExists = { "aws:ResourceAccount" = local.account }
      }
    }]
  })
}
