"""What a machine makes of its event: who, what and how many; and the calls that follow from it."""

import json
from typing import Any

import pytest

from guardian.documents import instant
from guardian.kinds import all_kinds
from guardian.kinds.base import Kind, Phase, StartEvent
from guardian.policy.model import Exemption
from tests.unit.judging import LONG_AGO, PRINCIPAL, Machine, put, rule, sighting, started
from tests.unit.judging import machine_that_saw as judged

every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())
NATIVE = [(k, s) for k in all_kinds().values() for s in k.starts if not s.by_call]
natively = pytest.mark.parametrize(("kind", "start"), NATIVE, ids=[k.key for k, _ in NATIVE])
EC2 = all_kinds()["ec2-instance"]
APP = all_kinds()["sagemaker-app"]
BY_PROD = Exemption(principal="*:role/prod-*", reason="production")
STUDIO = Exemption(origin="GlueStudio*", reason="Studio")
GONE = {"Error": "Service.Exception", "Cause": ""}
CONTEXT = {"Execution": {"Id": "arn:execution"}}
HOSTILE = [
    'it\'s "quoted"',
    "back\\slash\\",
    "<!channel> & <b>",
    "{% $id %}",
    "{{resolve:ssm:x}}",
    "${AWS::Region}",
    "two\nlines\ttabbed",
    "a/b/c",
    "$states.input & `x`",
    "😀👩‍👩‍👧",
    "x" * 255,
]


def began(kind: Kind, identifier: str, start: StartEvent | None = None) -> Machine:
    machine = Machine(rule(kind.key, BY_PROD))
    assert machine.begin(started(kind, identifier, start)) == "Grace"
    return machine


def seen_as(kind: Kind, phase: Phase) -> dict[str, Any]:
    """A thing of this kind in a phase, long begun."""
    seen: dict[str, Any] = {}
    put(seen, kind.start, instant(LONG_AGO))
    put(seen, kind.status, next(s for s, meant in kind.phases.items() if meant is phase))
    return seen


def arguments(machine: Machine, state: str) -> Any:
    return machine.value(machine.states[state]["Arguments"])


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


def told(machine: Machine) -> Any:
    """What the report says."""
    machine.enter("Tell", context=CONTEXT)
    return machine.variables["detail"]


@every_kind
def test_every_start_event_tells_the_id(kind: Kind) -> None:
    identifier = "/".join(f"p{n}" for n, _ in enumerate(kind.parts))
    for start in kind.starts:
        assert began(kind, identifier, start).variables["id"] == identifier


@pytest.mark.parametrize(
    ("identifier", "owner"),
    [
        ("d-1//lab/JupyterLab/default", {"SpaceName": "lab"}),
        ("d-1/ana//JupyterServer/default", {"UserProfileName": "ana"}),
    ],
)
def test_an_app_belongs_to_a_space_or_to_a_profile(identifier: str, owner: dict[str, str]) -> None:
    machine = began(APP, identifier)
    domain, *_, type_, name = identifier.split("/")
    itself = {"DomainId": domain, **owner, "AppType": type_, "AppName": name}
    assert machine.variables["id"] == identifier
    assert arguments(machine, "Look") == arguments(machine, "Act") == itself
    (owner_name,) = owner.values()
    arn = f"app/d-1/{owner_name}/{type_.lower()}/default"
    assert arguments(machine, "Look at tags")["ResourceArn"].endswith(arn)


def test_a_part_that_is_empty_in_the_event_is_left_out_as_if_it_were_missing() -> None:
    event = started(APP, "d-1//lab/JupyterLab/default")
    event["detail"]["requestParameters"]["userProfileName"] = ""
    machine = Machine(rule(APP.key))
    machine.begin(event)
    assert "UserProfileName" not in arguments(machine, "Act")


@pytest.mark.parametrize("hostile", HOSTILE)
@every_kind
def test_a_hostile_id_stays_what_it_is(kind: Kind, hostile: str) -> None:
    parts = dict.fromkeys(kind.parts, hostile.replace("/", "-")) | {kind.parts[0]: hostile}
    identifier = kind.identifier(parts)
    machine = began(kind, identifier)
    assert machine.variables["id"] == identifier
    for state in ("Look", "Act"):
        said = texts(arguments(machine, state))
        call = next(iter(kind.reads.values())) if state == "Look" else kind.stop
        asked = {value for part, value in parts.items() if f"{{{part}}}" in str(call.arguments)}
        assert asked
        assert asked <= set(said), state
    machine.see(seen_as(kind, Phase.OVER))
    assert told(machine)["id"] == identifier


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_exemption_by_a_hostile_id_holds_for_it_alone(hostile: str) -> None:
    kind = all_kinds()["glue-session"]
    exempt = rule(kind.key, Exemption(id=hostile, reason=hostile))
    itself = sighting(seen_as(kind, Phase.LIVE), identifier=hostile)
    other = sighting(seen_as(kind, Phase.LIVE), identifier=f"{hostile}.")
    assert judged(exempt, itself).variables["verdict"]["reason"] == f"exempt: {hostile}"
    assert judged(exempt, other).variables["verdict"]["do"] == "stop"


def instances(*identifiers: str) -> dict[str, Any]:
    event = started(EC2, identifiers[0])
    items = [{"instanceId": identifier} for identifier in identifiers]
    event["detail"]["responseElements"]["instancesSet"]["items"] = items
    return event


def test_an_event_of_several_starts_one_execution_for_each() -> None:
    event = instances("i-1", "i-2", "i-3")
    machine = Machine(rule(EC2.key))
    assert machine.begin(event) == "Each"
    each = machine.states["Each"]
    items = machine.value(each["Items"])
    assert items == ["i-1", "i-2", "i-3"]
    assert each["Next"] == "Done"
    for item in items:
        context = {"Map": {"Item": {"Value": item}}, "StateMachine": {"Id": "arn:itself"}}
        selected = machine.value(each["ItemSelector"], input=event, context=context)
        call = each["ItemProcessor"]["States"]["Start one"]["Arguments"]
        asked = machine.value(call, input=selected, context=context)
        assert asked["StateMachineArn"] == "arn:itself"
        one = Machine(rule(EC2.key))
        assert one.begin(json.loads(asked["Input"])) == "Grace"
        assert one.variables["id"] == item
        assert arguments(one, "Act") == {"InstanceIds": [item]}


def test_an_event_of_one_goes_on_itself() -> None:
    machine = Machine(rule(EC2.key))
    assert machine.begin(instances("i-1")) == "Grace"
    assert machine.variables["id"] == "i-1"


def test_an_event_of_none_finds_nothing_and_does_not_fail() -> None:
    machine = Machine(rule(EC2.key))
    event = instances("i-1")
    event["detail"]["responseElements"]["instancesSet"]["items"] = []
    assert machine.begin(event) == "Grace"
    assert machine.variables["id"] == ""


@natively
def test_a_native_event_tells_nobody(kind: Kind, start: StartEvent) -> None:
    machine = began(kind, "a", start)
    assert machine.variables["quiet"] is True
    assert machine.variables["principals"] == []
    assert machine.variables["eventOwner"] == ""


@natively
def test_a_native_event_of_what_is_over_ends_silently(kind: Kind, start: StartEvent) -> None:
    machine = began(kind, "a", start)
    assert machine.see(seen_as(kind, Phase.OVER)) == "Done"
    machine.variables["error"] = {**GONE, "Cause": kind.gone[0]}
    assert machine.follow("Unseen") == "Done"


@natively
def test_a_native_event_leaves_what_depends_on_who_started_it_to_the_other(
    kind: Kind, start: StartEvent
) -> None:
    live = seen_as(kind, Phase.LIVE)
    assert began(kind, "a", start).see(live) == "Done"
    assert began(kind, "a").variables["quiet"] is False


@natively
def test_a_native_event_stops_where_nothing_depends_on_who_started_it(
    kind: Kind, start: StartEvent
) -> None:
    machine = Machine(rule(kind.key))
    machine.begin(started(kind, "a", start))
    live = seen_as(kind, Phase.LIVE)
    if kind.key == "emr-serverless-application":
        live["application"]["Application"]["InitialCapacity"] = {"Driver": {"WorkerCount": 1}}
    # The caller's machine, if there is one, knows whose it is: it acts first.
    assert machine.see(live) == "Yield"
    assert machine.enter("Yield") == "Look"
    assert machine.see(live) == "Act"


@natively
def test_a_stop_that_a_native_event_led_to_is_reported(kind: Kind, start: StartEvent) -> None:
    machine = Machine(rule(kind.key))
    machine.begin(started(kind, "a", start))
    machine.variables |= {"verdict": {"do": "stop", "reason": "old"}}
    machine.enter("Acted")
    assert machine.variables["acknowledged"] is True
    machine.variables["seen"] = seen_as(kind, Phase.OVER)
    assert [machine.enter(name) for name in ("See", "Judge", "Decide")][-1] == "Tell"
    assert told(machine)["outcome"] == "stopped"
    assert told(machine)["reason"] == "old"


@every_kind
def test_the_end_of_what_a_call_started_is_reported(kind: Kind) -> None:
    machine = began(kind, "a")
    machine.variables["seen"] = seen_as(kind, Phase.OVER)
    assert [machine.enter(name) for name in ("See", "Judge", "Decide")][-1] == "Tell"
    assert told(machine)["outcome"] == "gone"
    machine.variables["error"] = {**GONE, "Cause": kind.gone[0]}
    assert machine.enter("Unseen") == "Tell"


@every_kind
def test_an_error_that_says_nothing_of_the_thing_means_look_again(kind: Kind) -> None:
    machine = began(kind, "a")
    machine.variables["error"] = {"Error": "Service.ThrottlingException", "Cause": "Rate exceeded"}
    assert machine.enter("Unseen") == "Pause"
    machine.variables["failures"] = 10
    assert machine.enter("Unseen") == "Tell"
    assert machine.variables["result"] == "failed"


ASSUMED = "arn:aws:sts::111122223333:assumed-role/prod-etl/ana@example.com"


@pytest.mark.parametrize(
    ("identity", "principals", "owner"),
    [
        ({"arn": PRINCIPAL}, {PRINCIPAL}, "prod-etl"),
        ({"arn": ASSUMED}, {ASSUMED, PRINCIPAL}, "ana@example.com"),
        (
            {
                "arn": ASSUMED,
                "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/x"}},
            },
            {ASSUMED, PRINCIPAL, "arn:aws:iam::1:role/x"},
            "ana@example.com",
        ),
        ({"type": "AWSService", "invokedBy": "glue.amazonaws.com"}, set(), ""),
    ],
)
def test_who_called_is_known_by_all_of_its_names(
    identity: Any, principals: set[str], owner: str
) -> None:
    event = started(APP, "d-1//lab/JupyterLab/default")
    event["detail"]["userIdentity"] = identity
    machine = Machine(rule(APP.key))
    machine.begin(event)
    assert set(machine.variables["principals"]) == principals
    assert machine.variables["eventOwner"] == owner
    assert machine.variables["quiet"] is False


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
def test_the_origin_is_taken_from_the_event_whatever_it_says(
    request_parameters: Any, origin: str
) -> None:
    kind = all_kinds()["glue-session"]
    event = started(kind, "a")
    event["detail"]["requestParameters"] = request_parameters
    machine = Machine(rule(kind.key, STUDIO))
    machine.begin(event)
    assert machine.variables["origin"] == origin


@every_kind
def test_where_no_request_tells_an_origin_no_exemption_by_origin_holds(kind: Kind) -> None:
    if any(start.origin for start in kind.starts):
        return
    event = started(kind, "a")
    event["detail"].setdefault("requestParameters", {})["requestOrigin"] = "GlueStudioNotebook"
    machine = Machine(rule(kind.key, STUDIO))
    machine.begin(event)
    assert machine.variables["origin"] == ""
