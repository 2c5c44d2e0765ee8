"""How a command ends: its exit code."""

from guardian.errors import AccessDenied, GuardianError, InputError, Superseded, Unavailable

FAILED, CHANGES, HELD = 1, 2, 5
CODES: dict[type[GuardianError], int] = {
    InputError: 2,
    AccessDenied: 3,
    Unavailable: 4,
    Superseded: 6,
}


def code_of(error: GuardianError) -> int:
    """The exit code of a command that such an error ended."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), FAILED)
