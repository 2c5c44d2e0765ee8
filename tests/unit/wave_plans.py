"""Plans by waves for fleets in memory."""

from dataclasses import replace
from datetime import timedelta

from guardian.plan import Plan, plan
from guardian.waves import Order, Rollout, Waves
from guardian.waves.stages import staged
from tests.unit.fleets import Fleet

WAVES = ("/Sandbox", "/Dev", "/")
BAKE = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


def rollout(fleet: Fleet, order: Order, **more: object) -> Rollout:
    made = Rollout(
        fleet.now, order, Waves(bake=BAKE, max_failures=0), fleet.formers, fleet.rejected
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields of a rollout by name


def planned(fleet: Fleet, order: Order, **more: object) -> Plan:
    state, deployed, now = fleet.wanted, fleet.deployed(), rollout(fleet, order, **more)
    return staged(plan(state, deployed, now.drifts), state, deployed, now)
