"""Checks from the inside what an installation gets wrong, and says how to mend it. Pure: checks bring their answers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from guardian.errors import AccessDenied, GuardianError, Unavailable


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """What a check found, and how to mend it: a command, a line to write, or words.

    What needs a check with a finding that `ends` it is not checked.
    """

    status: Status
    said: str
    fix: str = ""
    ends: bool = False


@dataclass(frozen=True)
class Check:
    """One thing to look at. `needs` are the checks without whose success this one can say nothing.

    `grants` are the IAM actions of guardian's own role that only this check needs: where they are missing nothing is
    wrong with the installation. `fix` is what to do where the question itself is refused.
    """

    name: str
    examine: Callable[[], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True)
class Examined:
    """A check and all that it found."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """The worst of what was found."""
        found = {finding.status for finding in self.findings}
        order = (Status.FAILED, Status.WARNING, Status.NOT_CHECKED)
        return next((status for status in order if status in found), Status.OK)

    @property
    def usable(self) -> bool:
        """Whether what needs this check can be checked."""
        over = {Status.FAILED, Status.NOT_CHECKED}
        return not any(finding.ends or finding.status in over for finding in self.findings)


def ok(said: str) -> Finding:
    return Finding(Status.OK, said)


def warning(said: str, fix: str = "", *, ends: bool = False) -> Finding:
    return Finding(Status.WARNING, said, fix, ends)


def failed(said: str, fix: str = "") -> Finding:
    return Finding(Status.FAILED, said, fix)


def examine(checks: Iterable[Check]) -> Iterator[Examined]:
    """Every check in its turn, needed ones before those that need them. One that fails hides no other."""
    done: dict[str, Examined] = {}
    for check in checks:
        lacking = [name for name in check.needs if not done[name].usable]
        findings = _not_checked(lacking) if lacking else tuple(_asked(check))
        done[check.name] = Examined(check.name, findings)
        yield done[check.name]


def count(examined: Sequence[Examined]) -> Mapping[Status, int]:
    """How many checks ended how."""
    return {status: sum(each.status is status for each in examined) for status in Status}


def _not_checked(lacking: Sequence[str]) -> tuple[Finding, ...]:
    because = f"not checked because of {', '.join(lacking)}"
    return (Finding(Status.NOT_CHECKED, because),)


def _asked(check: Check) -> Iterator[Finding]:
    try:
        yield from check.examine()
    except GuardianError as error:
        yield _refused(check, error)


def _refused(check: Check, error: GuardianError) -> Finding:
    if isinstance(error, AccessDenied) and check.grants:
        fix = f"grant {', '.join(check.grants)} to guardian's role: deploy/hub.yaml does"
        return warning(f"cannot be checked: {error}", fix, ends=True)
    later = (
        "ask again later: AWS or Slack did not answer" if isinstance(error, Unavailable) else ""
    )
    return failed(str(error), check.fix or later)
