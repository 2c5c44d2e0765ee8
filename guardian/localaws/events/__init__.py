"""What EventBridge does with an event: patterns, policies, inputs and targets."""
