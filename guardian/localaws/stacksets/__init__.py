"""StackSets: one template kept in many accounts and regions, by operations that take their time."""
