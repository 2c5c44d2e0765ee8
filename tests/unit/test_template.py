"""What a governed account gets: valid, small, the same every time, and deaf to what people write into policies."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonata
import pytest
from cfnlint.api import ManualArgs, lint
from hypothesis import given, settings
from hypothesis import strategies as st

from guardian.ids import AccountId, OuId, OuPath, Region, Target
from guardian.kinds import all_kinds
from guardian.organization import Account, AccountState, Organization
from guardian.policy.load import load_policies
from guardian.policy.model import Exemption, Mode, Policy
from guardian.policy.resolve import resolve
from guardian.stack import names
from guardian.stack.access import access_template
from guardian.stack.judgement import literal
from guardian.stack.template import expected, fingerprint, template
from tests.unit.judging import judged_by_the_machine, session, sighting
from tests.unit.policies import HUB, IRELAND, VIRGINIA, policy, resources

INLINE_LIMIT = 51_200
LONGEST_SLUG = "s" * 24
OUS = [
    "/",
    "/Sandbox",
    "/Workloads",
    "/Workloads/Data Science",
    "/Workloads/Data Science/Production",
]
HOSTILE = [
    "${AWS::AccountId}",
    "${!AWS::Region}",
    "$${x} ${",
    'a "quoted" word',
    "back\\slash \\n \\u0041",
    "two\nlines\tand a tab",
    "%} & $error {%",
    "'; $eval('1') /* */ //",
    "😀 ünïcödé \u2028",
    "</script>{{resolve:ssm:x}}",
]
TARGET = Target(AccountId("111122223333"), IRELAND)


def shipped() -> tuple[Policy, ...]:
    """The policies of config/, in an organization like the one they are written for."""
    folder = Path(__file__).parents[2] / "config" / "policies"
    accounts = [
        Account(AccountId(f"11112222333{n}"), path, AccountState.ACTIVE, OuPath(path))
        for n, path in enumerate(OUS)
    ]
    ous = {OuPath(path): OuId(f"ou-ab12-{n:08}") for n, path in enumerate(OUS)}
    tree = Organization("o-exampleorgid", HUB.account, ous, tuple(accounts))
    return resolve(load_policies(folder), tree, date(2026, 11, 23)).policies


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (text for item in value.values() for text in strings(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in strings(item))
    elif isinstance(value, str):
        yield value


def test_cfn_lint_has_nothing_to_say() -> None:
    by_slug = {str(policy.slug): policy for policy in shipped()}
    stopping, observing = by_slug["data-science"], by_slug["production"]
    for text in (
        template(stopping, HUB),
        template(observing, HUB),
        access_template(shipped(), HUB),
    ):
        assert lint(text, config=ManualArgs(regions=[IRELAND, VIRGINIA])) == []


@pytest.mark.parametrize("governed", shipped(), ids=lambda policy: policy.slug)
def test_a_shipped_policy_fits_into_a_request_as_a_service_managed_stack_set(
    governed: Policy,
) -> None:
    text = template(governed, HUB)
    assert len(text.encode()) < INLINE_LIMIT
    assert set(json.loads(text)) == {"AWSTemplateFormatVersion", "Description", "Resources"}
    types = {r["Type"] for r in json.loads(text)["Resources"].values()}
    assert types == {
        "AWS::Events::Rule",
        "AWS::IAM::Role",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::StepFunctions::StateMachine",
    }
    assert "Fn::Transform" not in text


def test_the_same_policy_gives_the_same_bytes() -> None:
    first, second = template(policy(), HUB), template(policy(), HUB)
    assert first == second
    assert fingerprint(first) == fingerprint(second)


def test_a_change_of_the_policy_changes_the_fingerprint() -> None:
    texts = {
        template(changed, HUB)
        for changed in (
            policy(),
            policy(mode=Mode.OBSERVE),
            policy(Exemption(id="x")),
            policy(kinds=(all_kinds()["glue-session"],)),
        )
    }
    assert len({fingerprint(text) for text in texts}) == 4


def test_names_fit_for_the_longest_policy_and_the_longest_kind() -> None:
    longest_kind = replace(max(all_kinds().values(), key=lambda kind: len(kind.key)))
    made = resources(policy(slug=LONGEST_SLUG, kinds=(longest_kind,)))
    limits = {"StateMachineName": 80, "Name": 64, "RoleName": 64, "QueueName": 80}
    longest_region = "ap-southeast-5"
    for properties in made.values():
        for key, limit in limits.items():
            if key in properties:
                (name,) = strings(properties[key])
                assert len(name.replace("${AWS::Region}", longest_region)) <= limit, name


def test_no_two_policies_share_the_name_of_anything() -> None:
    one, other = (
        set(re.findall(r'"guardian-[^"]*"', template(policy(slug=slug), HUB)))
        for slug in ("sandbox", "workloads")
    )
    assert one.isdisjoint(other)


def test_a_policy_that_observes_can_stop_nothing() -> None:
    stops = {kind.stop.permission for kind in all_kinds().values()}
    observing, stopping = resources(policy(mode=Mode.OBSERVE)), resources(policy())
    assert stops.isdisjoint(strings(observing["MachineRole"]))
    assert stops <= set(strings(stopping["MachineRole"]))
    for properties in resources(policy(mode=Mode.OBSERVE), "StateMachine").values():
        states = json.loads(properties["DefinitionString"]["Fn::Sub"])["States"]
        assert "Stop" not in states
        assert all(kind.stop.action not in str(states) for kind in all_kinds().values())


def test_rules_hand_over_the_whole_event_and_lose_none() -> None:
    for rule in resources(policy(), "Events::Rule").values():
        (target,) = rule["Targets"]
        assert {"InputTransformer", "Input", "InputPath"}.isdisjoint(target)
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}


def test_outcomes_are_forwarded_to_the_hub_once_though_two_stacks_stand_side_by_side() -> None:
    forward = resources(policy(slug="sandbox"))["Forward"]
    assert forward["Targets"][0]["Arn"] == HUB.bus_arn
    assert forward["EventPattern"]["detail"] == {"policy": ["sandbox"]}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_stays_text(text: str) -> None:
    hostile = Exemption(tags={text: text}, id=text, reason=text)
    governed = policy(hostile, kinds=(all_kinds()["glue-session"],))
    (machine,) = expected(governed, HUB, TARGET).machines
    definition = json.loads(machine.definition)
    for found in strings(definition["States"]):
        if found.startswith("{%"):
            assert found.endswith(" %}")
            jsonata.Jsonata(found[2:-2])
    seen = sighting(session(tags={text: text}), identifier=text)
    verdict = judged_by_the_machine(governed.rules[0], seen)
    assert verdict.reason == f"exempt: {text}"
    assert "{{resolve" not in template(governed, HUB)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=20) | st.text('${}!AWS:Region"\\', min_size=1, max_size=20))
def test_substitution_gives_back_what_was_written(text: str) -> None:
    written = literal(text)
    assert "{{" not in written
    assert jsonata.Jsonata(names.resolved(written, TARGET, "aws")).evaluate(None) == text


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_what_is_expected_in_an_account_is_what_its_template_makes(
    region: str, partition: str
) -> None:
    target = Target(AccountId("111122223333"), Region(region))
    there = expected(policy(), HUB, target)
    rules = resources(policy(), "Events::Rule").values()
    machines = resources(policy(), "StateMachine").values()
    assert {rule.name: rule.pattern for rule in there.rules} == {
        rule["Name"]: rule["EventPattern"] for rule in rules
    }
    assert {machine.name: machine.definition for machine in there.machines} == {
        machine["StateMachineName"]: names.resolved(
            machine["DefinitionString"]["Fn::Sub"], target, partition
        )
        for machine in machines
    }
    assert all("${AWS" not in str(part) for part in (*there.rules, *there.machines))
    assert {machine.role for machine in there.machines} == {
        f"arn:{partition}:iam::111122223333:role/guardian-sandbox-{region}"
    }


def test_a_description_fits_however_long_the_ou_is() -> None:
    deep = replace(policy(), ou=OuPath("/x" * 2000))
    assert len(json.loads(template(deep, HUB))["Description"]) <= 1024
