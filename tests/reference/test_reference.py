"""Every expression that is rolled out means in the reference implementation what it means in local AWS."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from moto.events.models import EventPattern

from guardian.kinds import all_kinds
from guardian.kinds.base import Kind
from guardian.localaws.bridges.jsonata import QueryEvaluationError, evaluate
from guardian.policy.hours import Hours, parse_window
from guardian.policy.model import Exemption, Mode, Rule
from guardian.stack.names import resolved
from guardian.stack.state_machine import definition
from tests.reference.conftest import Reference
from tests.unit.judging import SLUG, TARGET, Machine, machine_that_saw, rule, started
from tests.unit.judging_cases import Case, cases

pytestmark = [pytest.mark.reference, pytest.mark.slow]
every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())

TESTS = Path(__file__).parents[1]
EVENTS = [json.loads(p.read_text("utf-8")) for p in sorted((TESTS / "events").glob("*/*.json"))]
HOURS = Hours(
    "Europe/London",
    (parse_window("mon-fri 07:00-20:00"),),
    rests=True,
    holidays=(date(2026, 12, 25),),
)
EXEMPT = (
    Exemption(tags={"guardian": "keep"}, reason='"because" ${x} {{y}} %}'),
    Exemption(principal="*:role/prod-?", id="a/*", expires=date(2027, 1, 1)),
    Exemption(origin="GlueStudio*", accounts=(TARGET.account,)),
)
NOTHING = object()
"""No value, or an error: either ends a state."""


class Both:
    """Evaluates an expression in both implementations, which must agree."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def __call__(self, expression: str, variables: Mapping[str, Any]) -> Any:
        answer = self._reference.ask(expression=expression, variables=variables)
        try:
            value = evaluate(expression, variables)
        except QueryEvaluationError:
            assert "value" not in answer, (expression, answer)
            raise
        assert answer == {"value": value}, expression
        return value

    def outcome(self, expression: str, variables: Mapping[str, Any]) -> Any:
        try:
            return self(expression, variables)
        except QueryEvaluationError:
            return NOTHING


def governed(kind: Kind, mode: Mode) -> Rule:
    full = rule(kind.key, *EXEMPT, idle=kind.default_idle, mode=mode)
    return replace(full, max_age=timedelta(days=1), hours=HOURS)


def expressions(value: Any) -> Iterator[str]:
    """Every expression in a state."""
    if isinstance(value, str) and value.startswith("{%"):
        yield value
    inside = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    for each in inside:
        yield from expressions(each)


def events(kind: Kind) -> Iterator[Any]:
    """Those that start its machine, sampled and made."""
    for start in kind.starts:
        pattern = EventPattern.load(json.dumps(start.pattern))
        yield from (event for event in EVENTS if pattern.matches_event(event))
        yield started(kind, kind.identifier(dict.fromkeys(kind.parts, 'a"b')), start)


@every_kind
@pytest.mark.parametrize("mode", list(Mode))
def test_every_expression_of_a_machine_has_the_same_value(
    kind: Kind, mode: Mode, reference: Reference
) -> None:
    both = Both(reference)
    for event in events(kind):
        machine = Machine(governed(kind, mode), engine=both)
        machine.begin(event)
        machine.see({name: {} for name in kind.reads})
        known = {
            "input": event,
            "result": {"Session": {"Id": "s"}},
            "errorOutput": {"Error": "Glue.EntityNotFoundException", "Cause": "is not valid"},
            "context": {
                "Execution": {"Id": "arn:execution"},
                "StateMachine": {"Id": "arn:machine"},
                "Map": {"Item": {"Value": "i-1"}},
            },
        }
        machine.variables["error"] = known["errorOutput"]
        machine.engine = both.outcome
        for expression in expressions(machine.states):
            machine.value(expression, **known)


@every_kind
def test_every_generated_case_is_judged_alike(kind: Kind, reference: Reference) -> None:
    both = Both(reference)

    @settings(
        max_examples=30,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(kind))
    def agree(case: Case) -> None:
        machine = machine_that_saw(*case, both)
        machine.follow("Decide")

    agree()


@every_kind
@pytest.mark.parametrize("mode", list(Mode))
def test_a_validator_of_state_machines_has_nothing_to_say(
    kind: Kind, mode: Mode, reference: Reference
) -> None:
    text = resolved(definition(SLUG, governed(kind, mode)), TARGET, "aws")
    # It takes every member of that name for states, an argument of a call too.
    machine = json.loads(text.replace('"States":["', '"Among":["'))
    assert reference.ask(definition=machine) == {"errors": []}
