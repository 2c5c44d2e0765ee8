"""All checks, in the order in which they are made: what others need comes first."""

from guardian.doctor import Check, accounts, chat, here, hub
from guardian.doctor.patient import Patient


def checks(patient: Patient) -> tuple[Check, ...]:
    return tuple(check for group in (here, hub, accounts, chat) for check in group.checks(patient))
