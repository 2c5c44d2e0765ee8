"""What a governed account gets, rendered from a policy. Pure: the same policy gives the same bytes."""
