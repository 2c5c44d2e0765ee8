"""CloudFormation: what local AWS adds to moto's stacks."""
