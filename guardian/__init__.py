"""Guardian stops forgotten sessions across an AWS organization and says what that was worth."""
