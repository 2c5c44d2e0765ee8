"""What holds a plan that is true but too much at once. The plan stays as it is; the hold is announced. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from guardian.plan import Action, DeployedStackSet, Plan


@dataclass(frozen=True)
class Brakes:
    """How much may happen unasked: of the deployed instances this share, but this many in any case."""

    delete_share: float = 0.3
    delete_minimum: int = 10
    stops_per_sweep: int = 50


def hold(plan: Plan, deployed: Iterable[DeployedStackSet], brakes: Brakes) -> str | None:
    """Why the plan is held, None where it may go."""
    total = sum(len(stack_set.instances) for stack_set in deployed)
    deletes = [c for c in plan.changes if c.action is Action.DELETE_INSTANCE]
    allowed = max(brakes.delete_minimum, int(total * brakes.delete_share))
    if len(deletes) <= allowed:
        return None
    return f"it would delete {len(deletes)} of {total} stack instances at once; {allowed} may go unasked"
