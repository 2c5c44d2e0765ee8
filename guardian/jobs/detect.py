"""Asks CloudFormation for the drift of whole stacks: a second opinion, told and not acted upon."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from guardian.desire import DesiredState
from guardian.errors import Busy, GuardianError
from guardian.ids import Target
from guardian.outcome import About, Finding
from guardian.plan import DeployedStackSet, InstanceStatus
from guardian.ports import DriftDetection, Journal

SEES = "CloudFormation sees drift"


@dataclass(frozen=True)
class Detected:
    """The stack sets that were looked at, and how many of their instances have drifted; `waiting` are at work."""

    stack_sets: tuple[str, ...]
    drifted: int
    waiting: tuple[str, ...]


def detect_once(
    detection: DriftDetection,
    stack_sets: Iterable[str],
    journal: Journal,
    now: datetime,
    *,
    halted: Callable[[], str] = lambda: "",
) -> Detected:
    """Have every stack set's drift detected, and note it. One that is busy waits for the next time.

    `halted` is asked before each: once it gives a reason, all that is left waits.
    """
    done: list[str] = []
    waiting: list[str] = []
    drifted = 0
    for name in stack_sets:
        if halted():
            waiting.append(name)
            continue
        try:
            found = detection.detect(name)
        except Busy:
            waiting.append(name)
            continue
        except GuardianError as error:
            reason = f"its drift could not be detected: {error}"
            journal.note([Finding(About.DRIFT, name, reason, now)])
            continue
        done.append(name)
        drifted += len(found)
        journal.note(list(_findings(name, found, now)))
    return Detected(tuple(done), drifted, tuple(waiting))


def settled(deployed: Iterable[DeployedStackSet], desired: DesiredState) -> Iterator[str]:
    """The stack sets whose drift means something: all of their stacks have the template that is wanted.

    A detection is an operation: in the midst of a roll-out it would be in its way, and take a new template for drift.
    """
    wanted = {stack_set.name: stack_set.fingerprint for stack_set in desired.stack_sets}
    for stack_set in deployed:
        current = all(i.status is InstanceStatus.CURRENT for i in stack_set.instances)
        if (
            not stack_set.busy
            and stack_set.instances
            and current
            and wanted.get(stack_set.name) == stack_set.fingerprint
        ):
            yield stack_set.name


def _findings(name: str, found: Mapping[Target, str], now: datetime) -> Iterator[Finding]:
    for target, what in found.items():
        reason = f"{SEES}: {what}" if what else SEES
        yield Finding(About.DRIFT, name, reason, now, target)
