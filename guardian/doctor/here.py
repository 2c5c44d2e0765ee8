"""What is checked on this machine: settings, versions, policies, the journal."""

import platform
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib.metadata import version

from guardian.digest.words import counted
from guardian.doctor import Check, Finding, failed, ok
from guardian.doctor.patient import Patient
from guardian.errors import GuardianError, InputError
from guardian.journal import open_journal

SETTINGS, VERSIONS, POLICIES, JOURNAL = "settings", "versions", "policies", "journal"
NOTE = "doctor"
"""Under which name something is kept in the journal for a moment, to see that it can be."""
LATELY = timedelta(days=1)


def checks(patient: Patient) -> tuple[Check, ...]:
    return (
        Check(VERSIONS, _versions),
        Check(SETTINGS, partial(_settings, patient)),
        Check(POLICIES, partial(_policies, patient), (SETTINGS,)),
        Check(JOURNAL, partial(_journal, patient), (SETTINGS,)),
    )


def _versions() -> Iterator[Finding]:
    named = (f"{name} {version(name)}" for name in ("guardian", "boto3", "slack-sdk"))
    yield ok(f"{', '.join(named)}, Python {platform.python_version()}")


def _settings(patient: Patient) -> Iterator[Finding]:
    try:
        settings = patient.settings
    except InputError as error:
        for problem in error.problems:
            yield failed(problem, "correct it; docs/reference/settings.md explains every setting")
        return
    yield ok(f"hub {settings.hub.account} in {settings.hub.region}, home {settings.home_region}")


def _policies(patient: Patient) -> Iterator[Finding]:
    try:
        files = patient.guardian.configuration.files()
    except InputError as error:
        for problem in error.problems:
            yield failed(problem, "correct it; guardian validate says when it is right")
        return
    yield ok(f"{counted(len(files), 'policy file')} in {patient.settings.policies}")


def _journal(patient: Patient) -> Iterator[Finding]:
    url = patient.settings.masked()["journal"]
    try:
        journal = open_journal(
            patient.settings.journal, patient.settings.clock, patient.guardian.aws.table
        )
        now = patient.settings.clock()
        journal.remember(NOTE, now.isoformat())
        journal.forget(NOTE)
        lately = len(journal.outcomes(now - LATELY, now))
    except GuardianError as error:
        yield failed(
            str(error),
            f"journal: {url} must be writable for who runs guardian, on a disk with room"
            " (a volume in a container), and of this version of guardian",
        )
        return
    yield ok(f"{url} can be written; {lately:,} outcomes in the last day")
