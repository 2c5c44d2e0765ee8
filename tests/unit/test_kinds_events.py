"""Which events start the machine of which kind. Samples: tests/events/KIND; README.md there says what is certain."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonata
import pytest
from moto.events.models import EventPattern

from guardian.ids import Slug
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, StartEvent
from guardian.policy.model import Mode, Rule
from guardian.stack.state_machine import definition
from tests.unit.policies import policy, resources

FOLDER = Path(__file__).parents[1] / "events"
EVENTS: Mapping[str, Mapping[str, Any]] = {
    str(path.relative_to(FOLDER).with_suffix("")): json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.glob("*/*.json"))
}
LONGEST_PATTERN = 2048
"""Characters, by EventBridge's quota."""
ELSEWHERE = sorted({str(event["source"]) for event in EVENTS.values()} | {"acme.glue", "aws.s3"})
IDS = {
    "athena-session/start-session": ("notebook-workgroup/a2c1ebba-ad01-865f-ed2d-a142b7451f7e",),
    "ec2-instance/run-instances": ("i-0123456789abcdef0", "i-0123456789abcdef1"),
    "ec2-instance/start-instances": ("i-0123456789abcdef0",),
    "ec2-instance/state-change": ("i-0123456789abcdef0",),
    "emr-cluster/run-job-flow": ("j-2AXXXXXXGAPLF",),
    "emr-cluster/state-change": ("j-2AXXXXXXGAPLF",),
    "emr-serverless-application/start-application": ("00f1cbsc6anuij25",),
    "emr-serverless-application/state-change": ("00f1cbsc6anuij25",),
    "emr-serverless-session/start-session": ("00f1cbsc6anuij25/00g92n5rakf6fi0a",),
    "emr-session/start-session": ("j-2AXXXXXXGAPLF/es-0a1b2c3d4e5f",),
    "glue-job-run/start-job-run": (
        "nightly-etl/jr_0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
    "glue-session/create-session": ("glue-studio-notebook-3f0c1a5e-7d1e-4c55-9a8e-2f4d7f6f1b11",),
    "glue-session/founding-datapreview": (
        "glue-studio-datapreview-e09f88a9-4d7f-4e64-95f2-e435fbd1963a",
    ),
    "sagemaker-app/create-app-of-a-space": ("d-abcdefghijkl//ana-lab/JupyterLab/default",),
    "sagemaker-app/create-app-of-a-user-profile": (
        "d-abcdefghijkl/ana//KernelGateway/datascience-1-0-ml-t3-medium-1abf3407f667f989be9d86559395",
    ),
    "sagemaker-endpoint/create-endpoint": ("llm-dev",),
    "sagemaker-endpoint/update-endpoint": ("llm-dev",),
    "sagemaker-notebook/create-notebook-instance": ("churn-model",),
    "sagemaker-notebook/start-notebook-instance": ("churn-model",),
    "sagemaker-notebook/state-change": ("churn-model",),
    "sagemaker-processing-job/create-processing-job": ("clean-2026-11-20",),
    "sagemaker-training-job/create-training-job": ("xgb-2026-11-20",),
}
every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())


def written(pattern: Mapping[str, Any]) -> str:
    return json.dumps(pattern, sort_keys=True)


def selects(start: StartEvent, event: Mapping[str, Any]) -> bool:
    """Whether EventBridge would let the event through."""
    selected: bool = EventPattern.load(json.dumps(start.pattern)).matches_event(event)
    return selected


def starting(kind: Kind, event: Mapping[str, Any]) -> list[StartEvent]:
    return [start for start in kind.starts if selects(start, event)]


def own(kind: Kind) -> set[str]:
    return {name for name in EVENTS if name.startswith(f"{kind.key}/")}


def spoilt(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The event as it would be had the call failed, or somebody else sent it."""
    for source in ELSEWHERE:
        if source != event["source"]:
            yield {**event, "source": source}
    yield {**event, "detail-type": "Something Else"}
    detail = event["detail"]
    if "eventName" in detail:
        for code in ("AccessDenied", "Client.UnauthorizedOperation", ""):
            yield {**event, "detail": {**detail, "errorCode": code}}
        yield {**event, "detail": {**detail, "eventSource": "acme.amazonaws.com"}}
        yield {**event, "detail": {**detail, "eventName": "Delete"}}


@every_kind
def test_an_event_starts_the_machine_of_its_own_kind_and_no_other(kind: Kind) -> None:
    assert own(kind)
    assert {name for name, event in EVENTS.items() if starting(kind, event)} == own(kind)


@every_kind
def test_the_rules_that_are_rolled_out_select_by_these_patterns(kind: Kind) -> None:
    rules = resources(policy(kinds=(kind,)), "Events::Rule")
    deployed = [written(r["EventPattern"]) for name, r in rules.items() if name != "Forward"]
    assert sorted(deployed) == sorted(written(start.pattern) for start in kind.starts)
    assert max(map(len, deployed)) < LONGEST_PATTERN


@every_kind
def test_an_event_that_failed_or_was_forged_or_comes_from_elsewhere_starts_nothing(
    kind: Kind,
) -> None:
    for name in own(kind):
        for event in spoilt(EVENTS[name]):
            assert not starting(kind, event), name


@every_kind
def test_a_change_to_another_state_starts_nothing(kind: Kind) -> None:
    for name in own(kind):
        for start in starting(kind, EVENTS[name]):
            for member in () if start.by_call else start.where:
                event = copy.deepcopy(dict(EVENTS[name]))
                event["detail"][member] = "STOPPED"
                assert not starting(kind, event), name


@every_kind
def test_each_start_that_is_listened_for_has_a_sample(kind: Kind) -> None:
    samples = [EVENTS[name] for name in own(kind)]
    for start in kind.starts:
        selected = [sample for sample in samples if selects(start, sample)]
        assert selected
        assert {s["detail"]["eventName"] for s in selected if start.by_call} == set(start.names)


@pytest.mark.parametrize("name", [name for name in EVENTS if not name.startswith("others/")])
def test_the_ids_are_found_in_the_event(name: str) -> None:
    kind = all_kinds()[name.partition("/")[0]]
    (start,) = starting(kind, EVENTS[name])
    assert kind.told_by(start, EVENTS[name]["detail"]) == IDS[name]


@pytest.mark.parametrize("name", IDS)
def test_the_state_machine_finds_the_same_ids_in_the_event(name: str) -> None:
    kind = all_kinds()[name.partition("/")[0]]
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    states = json.loads(definition(Slug("any"), rule))["States"]
    told = assigned(states["Start"], {"states": {"input": EVENTS[name]}})
    begun = assigned(states["Begin"], {**told, "states": {"input": EVENTS[name]}})
    assert tuple(told.get("ids", [begun["id"]])) == IDS[name]
    assert begun["id"] == IDS[name][0]


def assigned(state: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that a state of the machine sets."""
    return {name: evaluated(value, variables) for name, value in state["Assign"].items()}


def evaluated(value: Any, variables: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or not value.startswith("{%"):
        return value
    expression = jsonata.Jsonata(value.removeprefix("{%").removesuffix("%}"))
    frame = expression.create_frame()
    for name, each in variables.items():
        frame.bind(name, each)
    return expression.evaluate(None, frame)


def test_a_start_that_is_told_twice_is_told_of_the_same_thing() -> None:
    for kind in all_kinds().values():
        told = {
            kind.told_by(start, EVENTS[name]["detail"])[0]
            for name in own(kind)
            for start in starting(kind, EVENTS[name])
        }
        assert len(told) == 1 or kind.key in {"glue-session", "sagemaker-app"}


def test_an_app_belongs_to_a_space_or_to_a_user_profile() -> None:
    parts = all_kinds()["sagemaker-app"].parts_of("d-1//ana-lab/JupyterLab/default")
    assert (parts["profile"], parts["space"]) == ("", "ana-lab")


def test_what_a_request_says_of_its_origin_is_where_a_kind_looks_for_it() -> None:
    (start,) = all_kinds()["glue-session"].starts
    sample = EVENTS["glue-session/create-session"]["detail"]
    assert start.origin == "requestParameters.requestOrigin"
    assert sample["requestParameters"]["requestOrigin"] == "GlueStudioNotebook"


def test_it_is_said_of_every_sample_what_is_certain_in_it() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([\w/-]+)` \|", page, re.MULTILINE)) == set(EVENTS)
