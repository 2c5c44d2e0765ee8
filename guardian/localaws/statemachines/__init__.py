"""What makes moto's state machines run as those of Step Functions do."""
