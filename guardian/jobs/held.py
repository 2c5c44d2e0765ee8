"""What people are told of a plan that is held. Pure."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from guardian.jobs.reconcile import Reconciliation
from guardian.jobs.reload import Notice
from guardian.jobs.sweep import Swept
from guardian.outcome import About, Finding
from guardian.plan import Action

REASONS = 3
"""So many reasons for holding stops are named in a notice, the commonest first."""
STACK_SETS = 7
"""So many stack sets are named in a notice, the most changed first."""


def held_plan(made: Reconciliation) -> Notice:
    """The notice of a held plan, one for each plan id."""
    said = f"Plan {made.plan.id} is held, nothing of it is done: {made.held}"
    lets_go = f"guardian apply --release {made.plan.id} lets it go, if it is right"
    key = f"plan {made.plan.id} held"
    return Notice(key, (said, lets_go, *_counts(made)), other=key)


def held_stops(swept: Swept, trace: str) -> Notice:
    """The notice of a sweep that the brake held, by its trace."""
    said = f"The sweep holds {swept.held:,} stops: more is due at once than one sweep may stop"
    reasons = Counter(f.reason for f in swept.findings if f.about is About.SWEEP)
    lines = (f"{count:,} {reason}" for reason, count in reasons.most_common(REASONS))
    lets_go = (
        "the next sweeps go on; if all is right, raise brakes.stops_per_sweep, else guardian pause"
    )
    return Notice(f"{trace} held", (said, *lines, lets_go), other=f"{trace} held")


def _counts(made: Reconciliation) -> Iterator[str]:
    changes = made.plan.changes
    of_set = Counter(change.stack_set for change in changes)
    for name, _ in of_set.most_common(STACK_SETS):
        of_action = Counter(change.action for change in changes if change.stack_set == name)
        yield f"{name}: {', '.join(f'{action} {n:,}' for action, n in of_action.items())}"
    if len(of_set) > STACK_SETS:
        yield f"and {len(of_set) - STACK_SETS:,} more stack sets"


def drifted(made: Reconciliation, now: datetime) -> Iterator[Finding]:
    """What a probe found and a held plan does not mend."""
    yield from made.told
    for change in made.plan.changes:
        if change.drift or change.action is Action.REPAIR:
            yield Finding(About.DRIFT, change.stack_set, change.reason, now, change.target)
