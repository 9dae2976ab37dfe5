# The container gets the settings and the task gets the role. What LocalStack lacks is planned with mocks.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/crm:1"
}

run "task" {
  command = plan

  assert {
    condition     = length(aws_ecs_service.crm) == 0
    error_message = "There is a service without a subnet."
  }
}

run "service" {
  command = apply # Of mocks: only then do the roles have their ARNs.
  variables {
    subnet_ids           = ["subnet-1", "subnet-2"]
    security_group_ids   = ["sg-1"]
    keep_fingerprint_key = false # The test destroys it.
  }

  assert {
    condition     = jsonencode(jsondecode(aws_ecs_task_definition.crm.container_definitions)[0].environment) == jsonencode(module.token_store.container_environment)
    error_message = "The container does not have the store's settings."
  }

  assert {
    condition     = aws_ecs_task_definition.crm.task_role_arn == aws_iam_role.task.arn && aws_iam_role_policy_attachment.tokens.role == aws_iam_role.task.name
    error_message = "The task does not have the role with the store's policy."
  }

  assert {
    condition     = strcontains(output.fingerprint_key_command, "--secret-id 'zoho/tokens-fingerprint-key'")
    error_message = "The command is not about the secret of the fingerprint key."
  }

  assert {
    condition     = aws_ecs_service.crm[0].desired_count == 2
    error_message = "The service does not run the tasks."
  }
}
