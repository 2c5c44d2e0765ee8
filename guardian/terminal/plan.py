"""What `plan`, `apply` and `uninstall` print: counts by stack set, every change, what is left alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from guardian.documents import Document
from guardian.ids import Target
from guardian.jobs.reconcile import Applied, Reconciliation
from guardian.plan import Action, Change, Plan
from guardian.stack import names as made_names
from guardian.terminal import Names, named, place, table

MOST = 40
"""So many rows are shown before the rest is counted."""
VERBS: Mapping[Action, str] = {
    Action.CREATE_STACK_SET: "create",
    Action.CREATE_INSTANCE: "create",
    Action.UPDATE_STACK_SET: "update",
    Action.ROLL_BACK: "update",
    Action.RETRY: "update",
    Action.DELETE_INSTANCE: "delete",
    Action.DELETE_STACK_SET: "delete",
    Action.REPAIR: "repair",
}
COUNTED = ("create", "update", "delete", "repair", "skip")
ELSEWHERE = "(no policy)"
"""Stands for what is left alone and belongs to no stack set of a policy."""


def plan_document(reconciliation: Reconciliation) -> Document:
    """The plan as `guardian plan --format json` prints it."""
    plan = reconciliation.plan
    return {
        "id": plan.id,
        "changes": [
            {
                "action": change.action.value,
                "stack_set": change.stack_set,
                "account": change.target.account if change.target else None,
                "region": change.target.region if change.target else None,
                "reason": change.reason,
            }
            for change in plan.changes
        ],
        "skips": [
            {"account": skip.account, "region": skip.region, "reason": skip.reason}
            for skip in plan.skips
        ],
        "held": reconciliation.held,
    }


def print_plan(
    console: Console,
    made: Reconciliation,
    names: Names,
    *,
    whole: bool = False,
    paused: bool = False,
) -> None:
    """The plan for people; `whole` shows every single change. A pause cannot be released as a plan can."""
    plan = made.plan
    if plan.changes:
        console.print(table(f"Plan {plan.id}", ("stack set", *COUNTED), _counts(made)))
        columns = ("action", "stack set", "where", "reason")
        _print_rows(console, "Changes", columns, _changes(plan.changes, names, whole), whole)
    else:
        console.print("Nothing to do: everything is as the policies say.")
    if plan.skips:
        rows = _skips(plan, names, whole)
        _print_rows(console, "Left alone", ("where", "reason"), rows, whole)
    if not made.held:
        return
    console.print(Text(f"Held: {made.held}.", "bold yellow"), soft_wrap=True)
    lets_go = "guardian resume" if paused else f"guardian apply --release {plan.id}"
    console.print(f"To let it go: {lets_go}")


def _counts(made: Reconciliation) -> list[Sequence[str]]:
    """A row for each stack set: how many changes of each kind, and what of its accounts is left alone."""
    policy_of = made.governance.policy_of
    counted: dict[str, Counter[str]] = {}
    for change in made.plan.changes:
        counted.setdefault(change.stack_set, Counter())[VERBS[change.action]] += 1
    for skip in made.plan.skips:
        slug = policy_of.get(skip.account)
        name = made_names.stack_set(slug) if slug else ELSEWHERE
        counted.setdefault(name, Counter())["skip"] += 1
    return [
        (name, *(f"{counts[verb]:,}" if counts[verb] else "-" for verb in COUNTED))
        for name, counts in sorted(counted.items(), key=lambda item: item[0] == ELSEWHERE)
    ]


def _changes(changes: Iterable[Change], names: Names, whole: bool) -> list[Sequence[str]]:  # noqa: FBT001 - handed on
    if whole:
        return [(c.action, c.stack_set, place(c.target, names), c.reason) for c in changes]
    counted: dict[tuple[str, str, str], list[Target]] = {}
    for change in changes:
        targets = counted.setdefault((change.stack_set, change.action, change.reason), [])
        targets += [change.target] if change.target else []
    return [
        (action, stack_set, _where(targets, names), reason)
        for (stack_set, action, reason), targets in counted.items()
    ]


def _skips(plan: Plan, names: Names, whole: bool) -> list[Sequence[str]]:  # noqa: FBT001 - handed on
    rows = [(named(s.account, names), s.region or "all regions", s.reason) for s in plan.skips]
    if whole:
        return [(f"{account} in {region}", reason) for account, region, reason in rows]
    counted: dict[tuple[str, str], list[str]] = {}
    for account, region, reason in rows:
        counted.setdefault((region, reason), []).append(account)
    return [(f"{_who(who)} in {region}", reason) for (region, reason), who in counted.items()]


def _print_rows(
    console: Console,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: bool,  # noqa: FBT001 - handed on
) -> None:
    shown = rows if whole else rows[:MOST]
    console.print(table(title, columns, shown))
    if len(shown) < len(rows):
        console.print(f"… and {len(rows) - len(shown):,} more; --all shows every one")


def _where(targets: Iterable[Target], names: Names) -> str:
    """The accounts by name, or how many where they are many, and the regions."""
    accounts = list(dict.fromkeys(target.account for target in targets))
    regions = sorted({target.region for target in targets})
    who = _who([named(account, names) for account in accounts])
    return f"{who} in {', '.join(regions)}" if accounts else ""


def _who(accounts: Sequence[str], shown: int = 2) -> str:
    return ", ".join(accounts) if len(accounts) <= shown else f"{len(accounts):,} accounts"


def print_applied(console: Console, applied: Applied, names: Names) -> None:
    waiting = f", {len(applied.waiting)} wait" if applied.waiting else ""
    console.print(f"{len(applied.done)} changes done, {len(applied.failed)} failed{waiting}")
    for title, changes in (("Failed", applied.failed), ("Waiting", applied.waiting)):
        if changes:
            rows = [(c.stack_set, c.action, place(c.target, names), why) for c, why in changes]
            console.print(table(title, ("stack set", "action", "account/region", "why"), rows))
