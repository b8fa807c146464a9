"""The smallest IAM policies that a deployment needs: one for what its programs call, one for each stack."""
