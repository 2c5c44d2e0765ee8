"""What `guardian status` prints: whether guardian is at work, and how far each policy is rolled out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from guardian.app import World
from guardian.catches import catches
from guardian.documents import Document, instant
from guardian.ids import ROOT, Target
from guardian.jobs.pause import Pause
from guardian.jobs.reconcile import Reconciliation
from guardian.lease import Lease
from guardian.outcome import About, Finding, Outcome
from guardian.plan import DeployedInstance, DeployedStackSet, InstanceStatus
from guardian.stack import names as made_names
from guardian.terminal import clean, finding_document, print_findings, table
from guardian.terminal.sweep import events_document, show_events

FINDINGS = 20
"""So many findings are shown before the rest is counted."""
POLICY_WIDTH, OU_WIDTH = 24, 22
FAILING = frozenset({"FAILED", "INOPERABLE", "FAILED_IMPORT"})
"""Detailed statuses of stack instances that somebody has to look at."""


@dataclass(frozen=True)
class Status:
    """What is shown; outcomes and findings are those of the last day, `made` is what would be done now."""

    arn: str
    world: World
    made: Reconciliation
    outcomes: Sequence[Outcome]
    findings: Sequence[Finding]
    paused: Pause | None = None
    lease: Lease | None = None


@dataclass(frozen=True)
class Row:
    """How far a stack set is rolled out: each instance is current, outdated or failing; and may have drifted.

    `ou` is empty for what no policy speaks of any more.
    """

    stack_set: DeployedStackSet
    policy: str
    ou: str
    current: int
    outdated: int
    failing: int
    drifted: int


def rows(status: Status) -> Iterator[Row]:
    """The access stack set, then the policies by OU, then what is left of policies that are gone."""
    policies = {made_names.stack_set(p.slug): p for p in status.world.governance.policies}
    there = {stack_set.name: stack_set for stack_set in status.made.deployed}
    drifted = _drifted(status.findings)
    by_ou = sorted(policies, key=lambda name: (policies[name].ou, name))
    known = [made_names.ACCESS] if made_names.ACCESS in there else []
    for name in [*known, *by_ou, *sorted(there.keys() - policies.keys() - {made_names.ACCESS})]:
        policy = policies.get(name)
        stack_set = there.get(name) or DeployedStackSet(name, "", ())
        ou = policy.ou if policy else ROOT if name == made_names.ACCESS else ""
        counts = Counter(map(_state, stack_set.instances))
        lost = len(drifted.get(name, ()))
        yield Row(
            stack_set,
            policy.slug if policy else name,
            ou,
            counts["current"],
            counts["outdated"],
            counts["failing"],
            lost,
        )


def _state(instance: DeployedInstance) -> str:
    if instance.status is InstanceStatus.INOPERABLE or instance.detailed in FAILING:
        return "failing"
    return "current" if instance.status is InstanceStatus.CURRENT else "outdated"


def _drifted(findings: Iterable[Finding]) -> Mapping[str, frozenset[Target]]:
    """Where the last word on something that drifted is not that it was mended."""
    last: dict[tuple[str, Target], Finding] = {}
    for finding in sorted(findings, key=lambda f: f.at):
        if finding.about is About.DRIFT and finding.target:
            last[finding.subject, finding.target] = finding
    found: dict[str, set[Target]] = {}
    for (name, target), finding in last.items():
        if not finding.mended:
            found.setdefault(name, set()).add(target)
    return {name: frozenset(targets) for name, targets in found.items()}


def status_document(status: Status) -> Document:
    """The status as JSON."""
    governance, plan = status.world.governance, status.made.plan
    return {
        "identity": status.arn,
        "organization": status.world.organization.id,
        "paused": status.paused.as_json() if status.paused else None,
        "lease": _lease_document(status.lease),
        "plan": {"id": plan.id, "changes": len(plan.changes), "held": status.made.held},
        "governed": len(governance.policy_of),
        "ungoverned": {str(account): why for account, why in governance.ungoverned.items()},
        "stack_sets": [_row_document(row) for row in rows(status)],
        "outcomes": dict(Counter(o.result.value for o in status.outcomes)),
        "events": events_document(catches(status.outcomes)),
        "findings": [finding_document(finding) for finding in status.findings],
    }


def _lease_document(lease: Lease | None) -> Document | None:
    if lease is None:
        return None
    return {"holder": lease.holder or None, "token": lease.token, "beat": lease.beat}


def _row_document(row: Row) -> Document:
    stack_set = row.stack_set
    return {
        "name": stack_set.name,
        "policy": row.policy,
        "ou": row.ou or None,
        "current": row.current,
        "outdated": row.outdated,
        "failing": row.failing,
        "drifted": row.drifted,
        "total": len(stack_set.instances),
        "stops": stack_set.stops,
        "operation": stack_set.busy or None,
        "changed": instant(stack_set.changed) if stack_set.changed else None,
    }


def print_status(console: Console, status: Status) -> None:
    """The status for people."""
    governance = status.world.governance
    console.print(Text(f"{status.arn} in organization {status.world.organization.id}"))
    if status.paused:
        console.print(Text(f"Guardian is {status.paused}.", "bold yellow"), soft_wrap=True)
    console.print(Text(_acting(status.lease)), soft_wrap=True)
    console.print(
        f"{len(governance.policy_of):,} accounts governed, {len(governance.ungoverned):,} not"
    )
    console.print(_planned(status.made), soft_wrap=True)
    columns = ("policy", "OU", "current", "outdated", "drifted", "failing", "changed")
    shown = list(rows(status))
    console.print(table("Stack instances", columns, [_cells(row) for row in shown]))
    for row in shown:
        if row.stack_set.busy:
            console.print(Text(f"In progress on {row.stack_set.name}: {row.stack_set.busy}"))
    counts = Counter(o.result.value for o in status.outcomes)
    said = ", ".join(f"{n:,} {result}" for result, n in sorted(counts.items()))
    console.print(f"Last day: {said or 'nothing'}")
    show_events(console, catches(status.outcomes), status.world.names)
    found = _last_words(status.findings)
    if found:
        print_findings(console, found[-FINDINGS:], status.world.names)
    if len(found) > FINDINGS:
        console.print(f"… and {len(found) - FINDINGS:,} older; JSON has all of them")


def _acting(lease: Lease | None) -> str:
    """Which daemon acts. Whether it lives, only its own port can tell."""
    if lease is None or lease.free:
        return "No daemon runs"
    return f"The daemon {clean(lease.holder)} has the lease {lease.token}"


def _last_words(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, however often it was made; the last is at the end."""
    last: dict[tuple[object, ...], Finding] = {}
    for finding in sorted(findings, key=lambda f: f.at):
        same = (finding.about, finding.target, finding.subject, finding.reason)
        last.pop(same, None)
        last[same] = finding
    return list(last.values())


def _planned(made: Reconciliation) -> Text:
    plan = made.plan
    if not plan.changes:
        return Text("Everything is as the policies say, as far as the stack sets tell")
    said = f"Plan {plan.id} has {len(plan.changes):,} changes to make"
    return Text(f"{said}; held: {made.held}", "yellow") if made.held else Text(said)


def _cells(row: Row) -> Sequence[str]:
    changed = row.stack_set.changed
    numbers = (row.current, row.outdated, row.drifted, row.failing)
    return (
        clean(row.policy, POLICY_WIDTH),
        clean(row.ou, OU_WIDTH) or "(its policy is gone)",
        *(f"{number:,}" if number else "-" for number in numbers),
        f"{changed:%Y-%m-%d %H:%M}" if changed else "-",
    )
