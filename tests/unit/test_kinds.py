"""What every kind must keep to. A new file in guardian/kinds is held to it by itself.

It needs sample events in tests/events/KIND and sample answers of its reads in tests/answers/KIND.json.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator
from moto.events.models import EventPattern
from policy_sentry.querying.actions import get_action_data

import guardian.kinds
from guardian.documents import Document, pick
from guardian.ids import AccountId, Region, Target
from guardian.kinds import all_kinds
from guardian.kinds.base import Call, Kind, Phase
from guardian.policy.model import Mode, Rule
from guardian.prices import load_prices
from guardian.verdict import Sighting, Stop, judge, tags_of
from tests.unit.policies import policy, resources

TESTS = Path(__file__).parents[1]
EVENTS = {
    str(path.relative_to(TESTS / "events")): json.loads(path.read_text("utf-8"))
    for path in sorted((TESTS / "events").glob("*/*.json"))
}
TARGET = Target(AccountId("111122223333"), Region("eu-west-1"))
AFTERWARDS = datetime(2026, 11, 23, tzinfo=UTC)
VALUES = {
    "id": "a1",
    "id_lower": "a1",
    "arn": "arn:aws:service:eu-west-1:111122223333:thing/a1",
    "now": "2026-11-23T12:00:00Z",
    "idle_from": "2026-11-23T11:00:00Z",
}
session = botocore.session.get_session()
every_kind = pytest.mark.parametrize("kind", all_kinds().values(), ids=all_kinds())


def calls(kind: Kind) -> Iterator[Call]:
    yield from (kind.listing.call, *kind.reads.values(), kind.stop)
    if kind.idle:
        yield kind.idle.read


def problems(value: Any, shape: Any) -> str:
    """What botocore would say against a value of a shape; empty where it is one."""
    return str(ParamValidator().validate(value, shape).generate_report())


def operation(call: Call) -> OperationModel:
    return session.get_service_model(call.service).operation_model(call.action)


def answered(kind: Kind, read: str) -> Any:
    idle = {"idle": kind.idle.read} if kind.idle else {}
    return operation({**kind.reads, **idle}[read]).output_shape


def at(shape: Any, path: str) -> Shape:
    """The shape that a path leads to; KeyError or AttributeError where AWS answers nothing there."""
    for part in path.split("."):
        shape = shape.members[part.removesuffix("[]")]
        shape = shape.member if part.endswith("[]") else shape
    assert isinstance(shape, Shape)
    return shape


def seen_at(kind: Kind, path: str) -> Any:
    read, _, rest = path.partition(".")
    return at(answered(kind, read), rest)


def answers(kind: Kind) -> Document:
    """What AWS would answer for one of the kind that has run for days."""
    found: Document = json.loads((TESTS / "answers" / f"{kind.key}.json").read_text("utf-8"))
    return found


def facts(kind: Kind) -> Document:
    return {name: pick(answers(kind), path) for name, path in kind.facts.items()}


def filled(template: Any) -> Any:
    if isinstance(template, str):
        return re.sub(r"\{(\w+)\}", lambda found: VALUES[found[1]], template)
    if isinstance(template, Mapping):
        return {key: filled(value) for key, value in template.items()}
    return [filled(item) for item in template] if isinstance(template, list) else template


def test_the_registry_holds_every_file_of_the_folder() -> None:
    folder = Path(next(iter(guardian.kinds.__path__)))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert {key.replace("-", "_") for key in all_kinds()} == files


@every_kind
def test_a_kind_makes_only_calls_that_aws_knows(kind: Kind) -> None:
    for call in calls(kind):
        assert problems(filled(call.arguments), operation(call).input_shape) == "", call.action


@every_kind
def test_a_kind_asks_for_permissions_that_exist_on_resources_that_have_them(kind: Kind) -> None:
    for call in calls(kind):
        prefix, action = call.permission.split(":")
        rows = (get_action_data(prefix, action) or {}).get(prefix, [])
        assert rows, f"no such action: {call.permission}"
        forms = {wildcarded(row["resource_arn_format"]) for row in rows}
        if call.resource == "*":
            assert wildcarded(kind.arn) not in forms, f"{call.permission} can be narrowed"
        else:
            assert wildcarded(call.resource) in forms, call.permission


def wildcarded(arn: str) -> str:
    """An ARN form of IAM's tables or of a kind, alike."""
    pseudo = re.sub(r"\$?\{(partition|region|account)\}", r"<\1>", arn, flags=re.IGNORECASE)
    return re.sub(r"\$?\{\w+\}", "*", pseudo).lower()


@every_kind
def test_the_listing_is_read_where_aws_answers(kind: Kind) -> None:
    listing = kind.listing
    made = operation(listing.call)
    items = at(made.output_shape, listing.items)
    assert items.type_name == "list"
    item = at(made.output_shape, f"{listing.items}[]")
    assert at(item, listing.id).type_name == "string"
    assert at(item, listing.status).type_name == "string"
    assert at(item, listing.start).type_name == "timestamp"
    assert at(made.input_shape, listing.page).type_name == "string"
    assert at(made.output_shape, listing.page).type_name == "string"


@every_kind
def test_a_resource_is_read_where_aws_answers(kind: Kind) -> None:
    assert seen_at(kind, kind.start).type_name == "timestamp"
    tags = seen_at(kind, kind.tags.path)
    assert tags.type_name == ("list" if kind.tags.pairs else "map")
    assert not kind.tags.pairs or {"Key", "Value"} <= set(tags.member.members)
    assert all(seen_at(kind, path).type_name == "boolean" for path in kind.kept)
    for path in kind.facts.values():
        assert seen_at(kind, path)
    if kind.idle:
        samples = seen_at(kind, f"idle.{kind.idle.samples}")
        assert samples.type_name in {"double", "float", "integer"}


@every_kind
def test_every_status_of_aws_has_a_phase(kind: Kind) -> None:
    statuses = set(seen_at(kind, kind.status).enum)
    assert statuses
    assert statuses <= set(kind.phases)
    assert set(kind.phases.values()) >= {Phase.LIVE, Phase.OVER}
    assert kind.idle is None or kind.phases[kind.idle.status] is Phase.LIVE


@every_kind
def test_the_sample_answers_are_such_as_aws_gives(kind: Kind) -> None:
    for read, answer in answers(kind).items():
        assert problems(answer, answered(kind, read)) == "", read


@every_kind
def test_one_that_has_run_for_days_is_stopped_under_the_defaults(kind: Kind) -> None:
    rule = Rule(kind, Mode.STOP, kind.default_grace, kind.default_idle)
    seen = answers(kind)
    assert isinstance(judge(kind, rule, Sighting("a1", TARGET, seen), AFTERWARDS), Stop)
    assert tags_of(kind, seen) == {"owner": "ana"}


@every_kind
def test_what_a_stop_is_worth_is_known_for_the_sample(kind: Kind) -> None:
    for region in ("eu-west-1", "us-east-1"):
        worth = kind.worth(facts(kind), load_prices(), Region(region))
        assert worth.usd_per_hour is not None, worth.basis
        assert worth.hours is not None
        assert worth.usd_per_hour > 0
        assert worth.hours > 0
        assert str(worth.usd_per_hour) in worth.basis or "$" in worth.basis


@every_kind
def test_what_is_not_known_is_worth_nothing_known(kind: Kind) -> None:
    assert kind.worth({}, load_prices(), Region("eu-west-1")).usd_per_hour is None
    assert kind.worth(facts(kind), load_prices(), Region("mars-1")).usd_per_hour is None


@every_kind
def test_the_defaults_are_durations_that_can_be_waited_for(kind: Kind) -> None:
    assert kind.default_grace >= timedelta(0)
    assert kind.default_idle is None or kind.default_idle >= timedelta(minutes=5)
    assert kind.default_grace > timedelta(0) or kind.default_idle is not None
    assert kind.default_idle is None or kind.idle is not None


def starts_a_machine(kind: Kind, event: Mapping[str, Any]) -> bool:
    """Whether the rules that are rolled out for this kind alone let the event through."""
    rules = resources(policy(kinds=(kind,)), "Events::Rule")
    own = [rule["EventPattern"] for name, rule in rules.items() if name != "Forward"]
    assert own
    return any(EventPattern.load(json.dumps(pattern)).matches_event(event) for pattern in own)


@every_kind
def test_an_event_starts_the_machine_of_its_own_kind_and_no_other(kind: Kind) -> None:
    matched = {name for name, event in EVENTS.items() if starts_a_machine(kind, event)}
    own = {name for name in EVENTS if name.startswith(f"{kind.key}/")}
    assert own
    assert matched == own


@every_kind
def test_an_event_that_failed_or_was_forged_or_comes_from_elsewhere_starts_nothing(
    kind: Kind,
) -> None:
    for name, event in EVENTS.items():
        if name.startswith(f"{kind.key}/"):
            detail = event["detail"]
            failed = {**event, "detail": {**detail, "errorCode": "AccessDenied"}}
            forged = {**event, "source": "acme.glue"}
            elsewhere = {**event, "detail": {**detail, "eventSource": "acme.amazonaws.com"}}
            assert not any(starts_a_machine(kind, e) for e in (failed, forged, elsewhere)), name


@every_kind
def test_each_start_that_is_listened_for_has_a_sample(kind: Kind) -> None:
    announced = {(start.event_source, name) for start in kind.starts for name in start.names}
    samples = [event["detail"] for name, event in EVENTS.items() if name.startswith(kind.key)]
    assert {(event["eventSource"], event["eventName"]) for event in samples} == announced


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        (
            "glue-session/create-session.json",
            "glue-studio-notebook-3f0c1a5e-7d1e-4c55-9a8e-2f4d7f6f1b11",
        ),
        (
            "glue-session/founding-datapreview.json",
            "glue-studio-datapreview-e09f88a9-4d7f-4e64-95f2-e435fbd1963a",
        ),
        ("sagemaker-notebook/start-notebook-instance.json", "churn-model"),
        ("emr-cluster/run-job-flow.json", "j-2AXXXXXXGAPLF"),
    ],
)
def test_the_id_is_found_in_the_event(name: str, identifier: str) -> None:
    (start,) = all_kinds()[name.partition("/")[0]].starts
    assert pick(EVENTS[name]["detail"], start.id) == identifier


@every_kind
def test_every_sample_event_tells_an_id(kind: Kind) -> None:
    for name, event in EVENTS.items():
        if name.startswith(f"{kind.key}/"):
            found = [pick(event["detail"], start.id) for start in kind.starts]
            assert any(isinstance(value, str) and value for value in found), name
