"""What CloudTrail records of an API call."""
