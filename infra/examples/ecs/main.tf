# An ECS service on Fargate that uses the store: its settings and its role.

data "aws_region" "current" {}

module "token_store" {
  source = "../.."

  name            = var.name
  prefix          = var.prefix
  fingerprint_key = "create" # The output fingerprint_key_command puts a key into it.

  keep_fingerprint_key = var.keep_fingerprint_key
}

resource "aws_ecs_task_definition" "crm" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name                   = "crm"
    image                  = var.image
    essential              = true
    readonlyRootFilesystem = true # The store needs no disk.
    environment            = module.token_store.container_environment
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.crm.name
        awslogs-region        = data.aws_region.current.id
        awslogs-stream-prefix = "crm"
      }
    }
  }])
}

resource "aws_cloudwatch_log_group" "crm" {
  name              = "/ecs/${var.name}"
  retention_in_days = 30
}

resource "aws_ecs_cluster" "crm" {
  name = var.name
}

resource "aws_ecs_service" "crm" {
  count           = length(var.subnet_ids) > 0 ? 1 : 0
  name            = var.name
  cluster         = aws_ecs_cluster.crm.id
  task_definition = aws_ecs_task_definition.crm.arn
  launch_type     = "FARGATE"
  desired_count   = var.tasks

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = var.security_group_ids
  }
}
