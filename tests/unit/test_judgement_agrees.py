"""The judgement exists in Python for the sweep and in JSONata for the state machine: one answer to every case."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from guardian.documents import instant, moment, pick
from guardian.kinds import all_kinds
from guardian.localaws.bridges.jsonata import evaluate
from guardian.policy.hours import DAYS, MIDNIGHT, Hours, Window, offsets
from guardian.policy.model import Rule
from guardian.stack import resting
from guardian.verdict import Sighting, judge, owner_of, stop_of
from tests.examples import examples
from tests.unit.judging import EPOCH, MILLISECOND, machine_that_saw, verdict_of
from tests.unit.judging_cases import ZONES, Case, cases, clocks


def report(rule: Rule, sighting: Sighting, now: datetime) -> dict[str, Any]:
    """What the machine should say of it besides its verdict, in Python's words."""
    kind, seen = rule.kind, sighting.seen
    began = moment(pick(seen, kind.start))
    told = sighting.principals[-1].rpartition("/")[2] if sighting.principals else ""
    facts = {name: pick(seen, path) for name, path in kind.facts.items()}
    said = {
        "started": instant(began or sighting.since or now),
        "owner": owner_of(kind, seen, told),
        "facts": {name: value for name, value in facts.items() if value is not None},
    }
    return said | ({"due": instant(stop_of(kind, rule, sighting, now).due)} if began else {})


@pytest.mark.parametrize("key", sorted(all_kinds()))
def test_the_state_machine_and_the_sweep_judge_alike(key: str) -> None:
    @examples(40)
    @given(cases(all_kinds()[key]))
    def agree(case: Case) -> None:
        rule, sighting, now = case
        answer = machine_that_saw(rule, sighting, now).variables["verdict"]
        assert verdict_of(answer) == judge(rule.kind, rule, sighting, now)
        said = {name: answer[name] for name in ("started", "facts", "due") if name in answer}
        assert said | {"owner": answer.get("owner", "")} == report(rule, sighting, now)

    agree()


def rest_ends_for_the_machine(hours: Hours, now: datetime) -> datetime | None:
    named = {"now": str((now - EPOCH) // MILLISECOND), **resting.definitions(hours)}
    lines = "".join(f"${name} := {value};" for name, value in named.items())
    ends = evaluate(f"({lines} $exists($ends) ? $ends : 0)", {})
    return EPOCH + ends * MILLISECOND if ends else None


@examples(150)
@given(clocks())
def test_the_state_machine_knows_when_a_rest_ends(clock: tuple[Hours, datetime]) -> None:
    hours, now = clock
    assert rest_ends_for_the_machine(hours, now) == hours.rest_ends(now)


@pytest.mark.parametrize("zone", ZONES)
def test_the_state_machine_knows_every_change_of_the_clocks(zone: str) -> None:
    all_day = Hours(zone, (Window(DAYS, (0, MIDNIGHT)),), rests=True)
    for since, _ in offsets(zone)[1:]:
        for now in (since - timedelta(milliseconds=1), since):
            assert rest_ends_for_the_machine(all_day, now) == all_day.rest_ends(now)
