"""The machines as they are rolled out, and what must be true of each."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import jsonata
import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from guardian.documents import instant
from guardian.ids import Slug
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack.judgement import judgement
from guardian.stack.names import resolved
from guardian.stack.state_machine import MAX_LOOKS, definition, permissions
from guardian.stack.template import template
from tests.unit.judging import LONG_AGO, TARGET, rule
from tests.unit.policies import HUB, policy

every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
modes = pytest.mark.parametrize("mode", list(Mode))
HISTORY = 25_000  # events that an execution's history may hold


def machine(rule: Rule) -> Any:
    return json.loads(definition(Slug("sandbox"), rule))


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
    return value.split("\n") if isinstance(value, str) and "\n" in value else value


def following(state: Any) -> set[str]:
    """Where a state may go on."""
    branches = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {b[key] for b in branches for key in ("Next", "Default") if key in b}


def reachable(states: Any, start: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    seen |= {start}
    for name in following(states[start]) - seen:
        seen |= reachable(states, name, seen)
    return seen


@every_kind
def test_the_machine_of_a_kind(kind: Kind, snapshot: SnapshotAssertion) -> None:
    exact = snapshot.use_extension(JSONSnapshotExtension)
    assert readable(machine(governed(kind))) == exact


@every_kind
@modes
def test_every_state_is_reached_and_leads_to_an_end(kind: Kind, mode: Mode) -> None:
    states = machine(governed(kind, mode))["States"]
    assert reachable(states, "Read") == set(states)
    for name in states:
        assert reachable(states, name) & {"Done", "Failed"}, name


@every_kind
@modes
def test_no_state_goes_by_the_name_of_an_error(kind: Kind, mode: Mode) -> None:
    states = machine(governed(kind, mode))["States"]
    caught = [catch["ErrorEquals"] for s in states.values() for catch in s.get("Catch", [])]
    assert caught
    assert all(errors == ["States.ALL"] for errors in caught)


@every_kind
@modes
def test_every_call_may_fail_and_is_tried_again(kind: Kind, mode: Mode) -> None:
    states = machine(governed(kind, mode))["States"]
    calls = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert all(state["Retry"] and state["TimeoutSeconds"] for state in calls.values())
    assert {name for name, state in calls.items() if "Catch" not in state} == {"Report"}


@every_kind
def test_after_a_stop_call_comes_another_look_whatever_it_answered(kind: Kind) -> None:
    states = machine(governed(kind))["States"]
    assert following(states["Stop"]) == {"Settle"}
    assert following(states["Settle"]) == {f"Look at {next(iter(kind.reads))}"}


@every_kind
@modes
def test_an_outcome_is_reported_before_the_machine_ends(kind: Kind, mode: Mode) -> None:
    states = machine(governed(kind, mode))["States"]
    without_report = {name: s for name, s in states.items() if name != "Report"}
    ends = {n for n, s in without_report.items() if following(s) & {"Done", "Failed"}}
    assert ends == {"Reported"}
    assert [n for n, s in states.items() if "Reported" in following(s)] == ["Report"]


@every_kind
def test_a_stop_is_there_only_for_a_policy_that_stops(kind: Kind) -> None:
    assert "Stop" in machine(governed(kind))["States"]
    observing = machine(governed(kind, Mode.OBSERVE))["States"]
    assert "Stop" not in observing
    assert observing["Decide"]["Default"] == "Report"
    assert observing["Decide"]["Assign"]["result"] == "would_stop"


@every_kind
def test_the_machine_makes_the_calls_that_its_role_allows(kind: Kind) -> None:
    for mode in Mode:
        states = machine(governed(kind, mode))["States"]
        made = [
            re.sub(r".*aws-sdk:\w+:", "", state["Resource"]).lower()
            for name, state in states.items()
            if state["Type"] == "Task" and name != "Report"
        ]
        allowed = [call.action.lower() for call in permissions(governed(kind, mode))]
        assert sorted(made) == sorted(allowed)


@every_kind
def test_the_history_holds_all_looks_of_a_machine_that_gives_up(kind: Kind) -> None:
    states = machine(governed(kind))["States"]
    looks = [name for name in states if name.startswith("Look at ")]
    # A call is entered, scheduled, started, succeeded, exited; any other state is entered and exited.
    events = len(looks) * 5 + len(["Judge", "Decide", "Again"]) * 2
    assert MAX_LOOKS * events < HISTORY


def test_a_grace_is_waited_for_before_the_first_look() -> None:
    states = machine(rule("glue-session", grace=timedelta(hours=2)))["States"]
    assert states["Grace"]["Timestamp"] == "{% $fromMillis($toMillis($eventTime) + 7200000) %}"
    assert states["Read"]["Next"] == "Grace"


def test_a_grace_is_waited_for_no_longer_than_the_greatest_age() -> None:
    governed = replace(rule("glue-session", grace=timedelta(hours=2)), max_age=timedelta(hours=1))
    states = machine(governed)["States"]
    assert states["Grace"]["Timestamp"] == "{% $fromMillis($toMillis($eventTime) + 3600000) %}"


def assigned(expression: str, detail: Any) -> Any:
    """What an expression of the state Read makes of an event's detail."""
    read = jsonata.Jsonata(expression.removeprefix("{%").removesuffix("%}"))
    frame = read.create_frame()
    frame.bind("states", {"input": {"detail": detail}})
    return read.evaluate(None, frame)


@pytest.mark.parametrize(
    ("request_parameters", "origin"),
    [
        ({"requestOrigin": "GlueStudioNotebook"}, "GlueStudioNotebook"),
        ({"requestOrigin": ""}, ""),
        ({"requestOrigin": None}, ""),
        ({"requestOrigin": 7}, ""),
        ({"requestOrigin": ["GlueStudioNotebook"]}, ""),
        ({"requestOrigin": {}}, ""),
        ({}, ""),
        (None, ""),
        ("x", ""),
    ],
)
def test_the_machine_takes_the_origin_from_the_event_whatever_it_says(
    request_parameters: Any, origin: str
) -> None:
    states = machine(rule("glue-session", Exemption(origin="GlueStudio*")))["States"]
    detail = {"requestParameters": request_parameters}
    assert assigned(states["Read"]["Assign"]["origin"], detail) == origin


@every_kind
def test_the_origin_is_taken_only_where_an_exemption_asks_and_the_kind_tells(kind: Kind) -> None:
    tells = any(start.origin for start in kind.starts)
    asking = machine(rule(kind.key, Exemption(origin="GlueStudio*", reason="Studio")))["States"]
    assert ("origin" in asking["Read"]["Assign"]) is tells
    assert ("exempt: Studio" in asking["Judge"]["Assign"]["verdict"]) is tells
    assert "origin" not in machine(governed(kind))["States"]["Read"]["Assign"]


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
    assert machine(replace(rule("glue-session"), hours=always)) == machine(rule("glue-session"))


@pytest.mark.parametrize(
    ("status", "anew"), [("InService", True), ("Pending", True), ("Stopping", False)]
)
def test_only_what_runs_can_have_been_started_again(status: str, anew: bool) -> None:  # noqa: FBT001 - a case
    # A notebook's LastModifiedTime moves when it stops too: that was taken for a new start.
    governed_notebook = rule("sagemaker-notebook")
    notebook = {"NotebookInstanceStatus": status, "LastModifiedTime": instant(LONG_AGO)}
    expression = jsonata.Jsonata(resolved(judgement(governed_notebook), TARGET, "aws"))
    frame = expression.create_frame()
    for name, value in {"seen": {"notebook": notebook}, "eventTime": instant(LONG_AGO)}.items():
        frame.bind(name, value)
    assert ("began" in expression.evaluate(None, frame)) is anew
