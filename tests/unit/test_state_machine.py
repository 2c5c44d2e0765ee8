"""The machines as they are rolled out, and what must be true of each."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack.state_machine import MAX_LOOKS, permissions
from guardian.stack.template import template
from tests.unit.judging import LONG_AGO, Machine, rule, session, sighting, started
from tests.unit.judging import machine_that_saw as judged
from tests.unit.policies import HUB, policy

every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
modes = pytest.mark.parametrize("mode", list(Mode))
HISTORY = 25_000  # events that an execution's history may hold
WIDE = 120


def states_of(rule: Rule) -> Any:
    return Machine(rule).states


def governed(kind: Kind, mode: Mode = Mode.STOP) -> Rule:
    exempt = Exemption(tags={"guardian": "keep"}, principal="*:role/prod-*", reason="production")
    grace = timedelta(minutes=30)
    return rule(kind.key, exempt, grace=grace, idle=kind.default_idle, mode=mode)


def readable(value: Any) -> Any:
    """The same with long expressions line by line."""
    if isinstance(value, dict):
        return {key: readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, str) and len(value) > WIDE:
        return re.split(r"(?<=;) | (?=: )", value)
    return value


def following(state: Any) -> set[str]:
    """Where a state may go on."""
    branches = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {b[key] for b in branches for key in ("Next", "Default") if key in b}


def reachable(states: Any, start: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    seen |= {start}
    for name in following(states[start]) - seen:
        seen |= reachable(states, name, seen)
    return seen


def calls(states: Any) -> Iterator[tuple[str, Any]]:
    """The states that call a service on behalf of the kind."""
    for name, state in states.items():
        if state["Type"] == "Task" and name != "Report":
            yield name, state


@every_kind
def test_the_machine_of_a_kind(kind: Kind, snapshot: SnapshotAssertion) -> None:
    exact = snapshot.use_extension(JSONSnapshotExtension)
    assert readable(states_of(governed(kind))) == exact


@every_kind
@modes
def test_every_state_is_reached_and_leads_to_an_end(kind: Kind, mode: Mode) -> None:
    states = states_of(governed(kind, mode))
    unreached = {"Acted", "Settle"} if mode is Mode.OBSERVE else set()
    assert reachable(states, "Start") == set(states) - unreached
    for name in states:
        assert reachable(states, name) & {"Done", "Failed"}, name


@every_kind
@modes
def test_no_state_goes_by_the_name_of_an_error(kind: Kind, mode: Mode) -> None:
    states = states_of(governed(kind, mode))
    caught = [catch["ErrorEquals"] for s in states.values() for catch in s.get("Catch", [])]
    assert caught
    assert all(errors == ["States.ALL"] for errors in caught)


@every_kind
@modes
def test_a_call_may_fail_and_take_a_minute(kind: Kind, mode: Mode) -> None:
    for name, state in calls(states_of(governed(kind, mode))):
        assert state["Catch"], name
        assert state["TimeoutSeconds"] == 60
        # It looks again by itself: trying a call again would only be a second way to do so.
        assert "Retry" not in state


@every_kind
def test_what_nobody_can_look_at_again_is_tried_again(kind: Kind) -> None:
    states = states_of(governed(kind))
    assert states["Report"]["Retry"]
    if "Each" in states:
        assert states["Each"]["ItemProcessor"]["States"]["Start one"]["Retry"]


@every_kind
def test_after_a_stop_call_comes_another_look_whatever_it_answered(kind: Kind) -> None:
    states = states_of(governed(kind))
    assert following(states["Act"]) == {"Acted", "Settle"}
    assert following(states["Acted"]) == {"Settle"}
    assert following(states["Settle"]) == {"Look"}


@every_kind
@modes
def test_an_outcome_is_reported_once_before_the_machine_ends(kind: Kind, mode: Mode) -> None:
    states = states_of(governed(kind, mode))
    assert [name for name, s in states.items() if "Reported" in following(s)] == ["Report"]
    assert [name for name, s in states.items() if "Report" in following(s)] == ["Tell"]
    silent = {"Decide", "Unseen"} | ({"Each"} if "Each" in states else set())
    ends = {name for name, s in states.items() if following(s) & {"Done", "Failed"}}
    assert ends == {"Reported"} | silent


@every_kind
def test_a_policy_that_observes_only_says_that_it_would_stop(kind: Kind) -> None:
    observing = states_of(governed(kind, Mode.OBSERVE))
    assert observing["Act"]["Type"] == "Pass"
    assert observing["Act"]["Assign"]["result"] == "would_stop"
    assert observing["Act"]["Next"] == "Tell"
    assert kind.stop not in permissions(governed(kind, Mode.OBSERVE))
    assert states_of(governed(kind))["Act"]["Type"] == "Task"


@every_kind
@modes
def test_the_machine_makes_the_calls_that_its_role_allows(kind: Kind, mode: Mode) -> None:
    states = states_of(governed(kind, mode))
    made = [re.sub(r".*aws-sdk:\w+:", "", s["Resource"]).lower() for _, s in calls(states)]
    allowed = [call.action.lower() for call in permissions(governed(kind, mode))]
    assert sorted(made) == sorted(allowed)


@every_kind
def test_the_history_holds_all_looks_of_a_machine_that_gives_up(kind: Kind) -> None:
    looks = [name for name in states_of(governed(kind)) if name.startswith("Look")]
    # A call is entered, scheduled, started, succeeded, exited; any other state is entered and exited.
    events = len(looks) * 5 + len(["See", "Judge", "Decide", "Again"]) * 2
    assert MAX_LOOKS * events < HISTORY


@every_kind
def test_the_answers_of_all_looks_are_kept(kind: Kind) -> None:
    machine = Machine(governed(kind))
    machine.begin(started(kind, "a"))
    name, looks = "Look", []
    while name != "See":
        looks.append(name)
        name = machine.enter(name, result={"said": name})
    reads = [*kind.reads, *(["idle"] if "Look at idle" in looks else [])]
    said = {read: {"said": look} for read, look in zip(reads, looks, strict=True)}
    assert machine.variables["seen"] == said


@every_kind
def test_only_a_read_that_serves_the_price_or_the_owner_may_fail(kind: Kind) -> None:
    states = states_of(governed(kind))
    blind = {name: state["Catch"][0]["Next"] for name, state in calls(states) if name != "Act"}
    optional = {f"Look at {name}" for name in kind.optional}
    assert {name for name, after in blind.items() if after != "Unseen"} == optional


def test_a_grace_is_waited_for_before_the_first_look() -> None:
    machine = Machine(rule("glue-session", grace=timedelta(hours=2)))
    assert machine.begin(started(all_kinds()["glue-session"], "a")) == "Grace"
    until = machine.value(machine.states["Grace"]["Timestamp"])
    assert until == (LONG_AGO + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert machine.states["Grace"]["Next"] == "Look"


def test_a_grace_is_waited_for_no_longer_than_the_greatest_age() -> None:
    bounded = replace(rule("glue-session", grace=timedelta(hours=2)), max_age=timedelta(hours=1))
    machine = Machine(bounded)
    machine.begin(started(bounded.kind, "a"))
    until = machine.value(machine.states["Grace"]["Timestamp"])
    assert until == (LONG_AGO + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


OFFICE = Hours("Europe/London", (parse_window("mon-fri 07:00-20:00"),), rests=True)
NEW_YORK = Hours(
    "America/New_York",
    tuple(map(parse_window, ("mon-fri 07:00-12:00", "mon-fri 13:00-20:00", "sat 09:00-17:00"))),
    rests=False,
    holidays=tuple(date(2026 + n // 10, n % 10 + 1, 25) for n in range(60)),
)


@pytest.mark.parametrize(("hours", "most"), [(OFFICE, 900), (NEW_YORK, 2000)])
def test_hours_take_little_of_a_template(hours: Hours, most: int) -> None:
    kind = all_kinds()["glue-session"]
    without = policy(kinds=(kind,))
    within = replace(without, rules=(replace(without.rules[0], hours=hours),))
    added = [len(template(each, HUB).encode()) for each in (within, without)]
    assert 0 < added[0] - added[1] < most


def test_hours_that_never_rest_take_nothing() -> None:
    always = Hours("Europe/London", (parse_window("00:00-24:00"),), rests=False)
    bare = rule("glue-session")
    assert states_of(replace(bare, hours=always)) == states_of(bare)


def test_a_rest_that_is_over_is_over_for_the_next_look_of_the_same_machine() -> None:
    at_noon = sighting(session())
    machine = judged(replace(rule("glue-session"), hours=OFFICE), at_noon)
    assert machine.variables["restEnds"] > 0
    machine.now += timedelta(hours=8)
    machine.enter("See")
    assert machine.variables["restEnds"] == 0


@pytest.mark.parametrize(
    ("status", "anew"), [("InService", True), ("Pending", True), ("Stopping", False)]
)
def test_only_what_runs_can_have_been_started_again(status: str, anew: bool) -> None:  # noqa: FBT001 - a case
    # A notebook's LastModifiedTime moves when it stops too: that was taken for a new start.
    notebook = {
        "NotebookInstanceStatus": status,
        "LastModifiedTime": LONG_AGO.isoformat().replace("+00:00", "Z"),
    }
    machine = judged(rule("sagemaker-notebook"), sighting({"notebook": notebook}))
    assert ("began" in machine.variables["verdict"]) is anew
