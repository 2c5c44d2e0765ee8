"""What plan, status and a rollout under way look like."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from guardian.configuration import World
from guardian.desire import DesiredState, Skip
from guardian.ids import AccountId, OuPath, Target
from guardian.jobs.pause import Pause
from guardian.jobs.reconcile import Reconciliation
from guardian.outcome import About, Finding
from guardian.plan import (
    Action,
    Change,
    DeployedInstance,
    DeployedStackSet,
    InstanceStatus,
    Plan,
)
from guardian.policy.resolve import Governance
from guardian.terminal.plan import MOST, print_plan
from guardian.terminal.progress import rollout
from guardian.terminal.status import Status, print_status, rows, status_document
from tests.unit.fleets import GLUE, organization
from tests.unit.judging import NOW
from tests.unit.policies import IRELAND, policy

WIDTH = 100


def account(number: int) -> AccountId:
    return AccountId(f"{number:012}")


def printed(shown: Callable[[Console], None], *, terminal: bool = False) -> list[str]:
    out = StringIO()
    shown(Console(file=out, width=WIDTH, force_terminal=terminal))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def governed(policies: int, accounts: int) -> Governance:
    """So many policies for OUs with long names, each with as many accounts."""
    made = tuple(
        replace(
            policy(slug=f"policy-with-a-name-{n:03}", kinds=GLUE, regions=(IRELAND,)),
            ou=OuPath(f"/Workloads/Data Science/Department {n:03}"),
        )
        for n in range(policies)
    )
    policy_of = {account(n): made[n % policies].slug for n in range(accounts)}
    return Governance(made, policy_of, {}, dict.fromkeys(policy_of, (IRELAND,)))


def instance(number: int, status: InstanceStatus = InstanceStatus.CURRENT) -> DeployedInstance:
    return DeployedInstance(Target(account(number), IRELAND), status)


def reconciliation(
    governance: Governance,
    changes: Iterable[Change] = (),
    skips: Iterable[Skip] = (),
    deployed: tuple[DeployedStackSet, ...] = (),
    held: str | None = None,
) -> Reconciliation:
    made = Plan(tuple(changes), tuple(skips))
    return Reconciliation(made, held, DesiredState((), ()), governance, (), deployed)


def status(made: Reconciliation, *findings: Finding, paused: Pause | None = None) -> Status:
    world = World(organization(), made.governance, ())
    return Status("arn:aws:iam::999999999999:role/guardian", world, made, (), findings, paused)


def create(number: int, name: str = "guardian-alpha", reason: str = "because") -> Change:
    return Change(Action.CREATE_INSTANCE, name, reason, Target(account(number), IRELAND))


def test_a_plan_begins_with_counts_by_stack_set() -> None:
    governance = governed(1, 3)
    name = "guardian-policy-with-a-name-000"
    gone = Change(Action.DELETE_INSTANCE, name, "gone", Target(account(9), IRELAND))
    changes = [
        Change(Action.CREATE_STACK_SET, name, "new"),
        create(0, name),
        create(1, name),
        gone,
    ]
    skips = [Skip(account(2), IRELAND, "it is busy"), Skip(account(8), None, "suspended")]
    made = reconciliation(governance, changes, skips)
    lines = printed(lambda console: print_plan(console, made, {}))
    assert lines[0] == f"Plan {made.plan.id}"
    assert [line.split() for line in lines[1:4]] == [
        ["stack", "set", "create", "update", "delete", "repair", "skip"],
        [name, "3", "-", "1", "-", "1"],
        ["(no", "policy)", "-", "-", "-", "-", "1"],
    ]


def test_many_rows_are_folded_unless_all_are_asked_for() -> None:
    changes = [create(n, f"guardian-{n}") for n in range(MOST + 7)]
    skips = [Skip(account(n), None, f"reason {n}") for n in range(MOST + 8)]
    made = reconciliation(governed(1, 1), changes, skips)
    folded = printed(lambda console: print_plan(console, made, {}))
    assert [line for line in folded if line.startswith("…")] == [
        "… and 7 more; --all shows every one",
        "… and 8 more; --all shows every one",
    ]
    whole = printed(lambda console: print_plan(console, made, {}, whole=True))
    assert not [line for line in whole if line.startswith("…")]
    assert [n for n in range(MOST + 7) if not any(account(n) in line for line in whole)] == []


def test_alike_changes_are_one_row_and_with_all_each_its_own() -> None:
    made = reconciliation(governed(1, 1), [create(n) for n in range(500)])
    folded = printed(lambda console: print_plan(console, made, {}))
    assert len(folded) < 10
    assert "500 accounts in eu-west-1" in " ".join(folded)
    whole = printed(lambda console: print_plan(console, made, {}, whole=True))
    assert len(whole) > 500


def test_a_pause_is_resumed_and_any_other_hold_released() -> None:
    made = reconciliation(governed(1, 1), [create(0)], held="too much")
    assert printed(lambda c: print_plan(c, made, {}))[-2:] == [
        "Held: too much.",
        f"To let it go: guardian apply --release {made.plan.id}",
    ]
    assert printed(lambda c: print_plan(c, made, {}, paused=True))[-1].endswith("guardian resume")


def test_fifty_policies_with_four_thousand_instances_fit_into_a_hundred_columns() -> None:
    governance = governed(50, 4000)
    sets = tuple(
        DeployedStackSet(
            f"guardian-{p.slug}",
            "print",
            tuple(instance(n) for n in range(4000) if n % 50 == number),
            changed=NOW,
        )
        for number, p in enumerate(governance.policies)
    )
    findings = [Finding(About.ACCESS, f"subject {n}", "denied " * 9, NOW) for n in range(900)]
    made = status(reconciliation(governance, deployed=sets), *findings)
    lines = printed(lambda console: print_status(console, made))
    table = lines[lines.index("Stack instances") + 2 :][:50]
    assert all(f"{NOW:%Y-%m-%d %H:%M}" in line and " 80 " in line for line in table)
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) < 150


def test_every_instance_is_current_outdated_or_failing() -> None:
    governance = governed(1, 6)
    instances = (
        instance(0),
        instance(1, InstanceStatus.OUTDATED),
        instance(2, InstanceStatus.INOPERABLE),
        replace(instance(3, InstanceStatus.OUTDATED), detailed="FAILED"),
        replace(instance(4, InstanceStatus.OUTDATED), detailed="SKIPPED_SUSPENDED_ACCOUNT"),
    )
    name = "guardian-policy-with-a-name-000"
    (row,) = rows(
        status(reconciliation(governance, deployed=(DeployedStackSet(name, "", instances),)))
    )
    assert (row.current, row.outdated, row.failing) == (1, 2, 2)


def test_what_drifted_counts_until_it_is_mended() -> None:
    name = "guardian-policy-with-a-name-000"
    here, there = (Target(account(n), IRELAND) for n in range(2))
    drift = Finding(About.DRIFT, name, "rule disabled", NOW, here)
    elsewhere = replace(drift, target=there)
    mended = replace(drift, mended=True, at=NOW + timedelta(hours=1))
    made = reconciliation(governed(1, 2))
    (row,) = rows(status(made, mended, drift, elsewhere, replace(elsewhere, reason="another")))
    assert row.drifted == 1


def test_rows_are_by_ou_and_what_is_left_over_comes_last() -> None:
    sets = tuple(DeployedStackSet(n, "", ()) for n in ("guardian-old", "guardian-access"))
    made = status(reconciliation(governed(2, 2), deployed=sets))
    assert [(row.policy, row.ou[-3:]) for row in rows(made)] == [
        ("guardian-access", "/"),
        ("policy-with-a-name-000", "000"),
        ("policy-with-a-name-001", "001"),
        ("guardian-old", ""),
    ]


def test_a_pause_and_a_hold_are_told() -> None:
    pause = Pause("ana@laptop", NOW, "audit week")
    made = status(reconciliation(governed(1, 1), [create(0)], held="too much"), paused=pause)
    lines = printed(lambda console: print_status(console, made))
    assert f"Guardian is {pause}." in lines
    assert f"Plan {made.made.plan.id} has 1 changes to make; held: too much" in lines
    document = json.loads(json.dumps(status_document(made)))
    assert document["paused"]["by"] == "ana@laptop"
    assert document["plan"] == {"id": made.made.plan.id, "changes": 1, "held": "too much"}


def test_the_same_finding_is_shown_once() -> None:
    again = [
        Finding(About.ROLLOUT, "guardian", "paused", NOW + timedelta(minutes=n)) for n in range(48)
    ]
    made = status(reconciliation(governed(1, 1)), *again)
    lines = printed(lambda console: print_status(console, made))
    assert sum("paused" in line for line in lines) == 1


def test_a_rollout_without_a_terminal_is_a_line_for_every_tenth() -> None:
    def shown(console: Console) -> None:
        with rollout(console) as told:
            for done in range(4001):
                told("guardian-alpha", Action.CREATE_INSTANCE, done, 4000)

    lines = printed(shown)
    assert len(lines) == 11
    assert lines[-1] == "create instance guardian-alpha: 4,000 of 4,000 stack instances"
    assert not any("\r" in line for line in lines)


@pytest.mark.parametrize("total", [0, 3])
def test_a_rollout_on_a_terminal_is_a_bar_for_each_operation(total: int) -> None:
    def shown(console: Console) -> None:
        with rollout(console) as told:
            told("guardian-alpha", Action.CREATE_INSTANCE, 0, total)
            told("guardian-alpha", Action.CREATE_INSTANCE, total, total)
            told("guardian-[beta]", Action.REPAIR, 1, 2)

    last = "\n".join(printed(shown, terminal=True)[-3:])
    assert f"{total}/{total}" in last
    assert "repair guardian-[beta]" in last
