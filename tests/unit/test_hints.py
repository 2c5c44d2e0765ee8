"""Events of the organization and of stack sets hint at changes, and are never taken for something else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardian.hints import MOVES, OVER, Hint, hint_of, is_hint
from guardian.localaws.cloudformation.template import parse
from guardian.localaws.events.patterns import matches

ROOT = Path(__file__).parents[2]
OTHERS = ROOT / "tests" / "events" / "others"
HUB = parse((ROOT / "deploy" / "hub.yaml").read_text("utf-8"))["Resources"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((OTHERS / f"{name}.json").read_text("utf-8"))
    return event


def with_detail(name: str, **changed: object) -> dict[str, Any]:
    event = sample(name)
    return event | {"detail": event["detail"] | changed}


OPERATION = "native-stackset-operation-status-change"
MOVE = "organizations-move-account"


@pytest.mark.parametrize(
    ("event", "hint"),
    [
        (sample(MOVE), Hint("organization: MoveAccount")),
        (
            sample("organizations-create-account-result"),
            Hint("organization: CreateAccountResult"),
        ),
        (
            sample(OPERATION),
            Hint("stack set guardian: CREATE SUCCEEDED", "7a1d0c4e-1111-2222-3333-444455556666"),
        ),
    ],
    ids=["a move", "a new account", "an operation"],
)
def test_a_change_is_a_reason_to_look(event: dict[str, Any], hint: Hint) -> None:
    assert is_hint(event)
    assert hint_of(event) == hint


@pytest.mark.parametrize(
    "event",
    [
        with_detail(MOVE, errorCode="AccessDeniedException"),
        with_detail(MOVE, eventName="DescribeAccount"),
        with_detail(OPERATION, **{"status-details": {"status": "RUNNING"}}),
        with_detail(OPERATION, action="DETECT_DRIFT"),
        sample("native-stackset-instance-status-change"),
    ],
    ids=["refused", "a look", "still running", "a detection", "an instance"],
)
def test_what_changes_nothing_is_taken_and_is_no_reason(event: dict[str, Any]) -> None:
    assert is_hint(event)
    assert hint_of(event).reason == ""


def test_the_events_of_others_are_none() -> None:
    named = {path.stem for path in OTHERS.glob("*.json") if is_hint(sample(path.stem))}
    assert named == {
        MOVE,
        "organizations-create-account-result",
        OPERATION,
        "native-stackset-instance-status-change",
    }


@given(JSON)
def test_whatever_a_message_is_it_can_be_asked(event: Any) -> None:
    if is_hint(event):
        hint_of(event)


@given(JSON, st.sampled_from(["aws.organizations", "aws.cloudformation"]))
def test_whatever_the_detail_is_there_is_a_hint_or_none(detail: Any, source: str) -> None:
    event = {
        "source": source,
        "detail-type": "CloudFormation StackSet Operation Status Change",
        "detail": detail,
    }
    assert len(hint_of(event).reason) <= 120


@pytest.mark.parametrize("rule", ["OrganizationChanges", "ForwardedChanges"])
def test_the_hub_passes_on_every_move_and_no_other_call(rule: str) -> None:
    pattern = HUB[rule]["Properties"]["EventPattern"]
    assert set(pattern["detail"]["eventName"]) == MOVES
    assert matches(pattern, sample(MOVE))
    assert matches(pattern, sample("organizations-create-account-result"))
    assert not matches(pattern, with_detail(MOVE, errorCode="AccessDeniedException"))


def test_the_hub_passes_on_what_ended_at_guardians_stack_sets() -> None:
    pattern = HUB["StackSetChanges"]["Properties"]["EventPattern"]
    assert set(pattern["detail"]["status-details"]["status"]) == OVER
    arn = "arn:aws:cloudformation:us-east-1:111122223333:stackset/guardian-research:e5f5"
    assert matches(pattern, with_detail(OPERATION, **{"stack-set-arn": arn}))
    assert not matches(pattern, sample(OPERATION))  # it is of a stack set called guardian
    detection = with_detail(OPERATION, **{"stack-set-arn": arn, "action": "DETECT_DRIFT"})
    assert not matches(pattern, detection)
