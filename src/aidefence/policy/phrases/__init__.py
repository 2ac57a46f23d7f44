"""What a person says of a policy, read by a grammar into the policy language."""
