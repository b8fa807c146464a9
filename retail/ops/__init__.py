"""Operating the platform: deploying its stacks and taking them down again, by the AWS CLI."""
